//! YAML and JSON text to a tree of nodes that keep their position and their scalars' source text.
//!
//! Built from the parser's events with a stack of our own: depth is bounded, and no input makes anything recurse.

use super::json;
use super::sheet::Mark;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// Deeper nesting than this is no manifest: the deepest that means something has five levels.
const DEEPEST: usize = 32;

/// A node and where it stands.
#[derive(Debug)]
pub struct Node {
    /// Where it begins.
    pub mark: Mark,
    /// The line it ends on.
    pub last_line: u32,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug)]
pub enum Content {
    /// `null`, `~`, or nothing at all.
    Null,
    /// A scalar: its source text (`no`, `1.10`), or what a quoted one stands for.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, duplicates included.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub mark: Mark,
}

/// Why text is no tree.
#[derive(Debug)]
pub struct Broken {
    /// Where.
    pub mark: Mark,
    /// In one line.
    pub what: String,
    /// What to do about it.
    pub cure: &'static str,
}

impl Broken {
    fn new(mark: Mark, what: impl Into<String>, cure: &'static str) -> Self {
        Broken { mark, what: what.into(), cure }
    }
}

/// Reads one document; none when there is nothing in it.
///
/// # Errors
/// The first thing that is no YAML, or that a manifest may not hold.
pub fn parse(text: &str) -> Result<Option<Node>, Broken> {
    match json::as_yaml(text) {
        Some(yaml) => read(&yaml),
        None => read(text),
    }
}

/// A list or map that is not closed yet.
enum Open {
    List(Mark, Vec<Node>),
    Map(Mark, Vec<(Key, Node)>, Option<Key>),
}

fn read(text: &str) -> Result<Option<Node>, Broken> {
    let mut parser = Parser::new_from_str(text);
    let mut stack: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut documents = 0;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            let mark = mark(error.marker());
            Broken::new(mark, format!("not valid YAML: {}", error.info()), "check indentation, quotes and brackets")
        })?;
        let begin = mark(&span.start);
        let done = match event {
            Event::StreamStart | Event::DocumentEnd | Event::Nothing => continue,
            Event::StreamEnd => break,
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(Broken::new(
                        begin,
                        "a second document in the manifest",
                        "a manifest is one document: take away `---`",
                    ));
                }
                continue;
            }
            Event::Alias(_) => return Err(alias(begin)),
            Event::Scalar(_, _, anchor, ref tag)
            | Event::SequenceStart(anchor, ref tag)
            | Event::MappingStart(anchor, ref tag)
                if anchor != 0 || tag.is_some() =>
            {
                return Err(if anchor == 0 { tagged(begin) } else { alias(begin) });
            }
            Event::Scalar(text, style, ..) => match key_expected(stack.last()) {
                true if text.is_empty() && style == ScalarStyle::Plain => {
                    return Err(Broken::new(begin, "a key is missing in front of `:`", "write the key"));
                }
                // Only a plain scalar can be null, and a key is always text.
                false if style == ScalarStyle::Plain && is_null(&text) => (begin, Content::Null),
                _ => (begin, Content::Text(text.into_owned())),
            },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if key_expected(stack.last()) {
                    return Err(Broken::new(
                        begin,
                        "a key that is no text",
                        "write a plain key; quote a value that begins with `{` or `[`",
                    ));
                }
                if stack.len() == DEEPEST {
                    return Err(Broken::new(begin, "nested too deeply", "no manifest needs this many levels"));
                }
                let list = matches!(event, Event::SequenceStart(..));
                stack.push(if list { Open::List(begin, Vec::new()) } else { Open::Map(begin, Vec::new(), None) });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(Open::List(begin, nodes)) => (begin, Content::List(nodes)),
                Some(Open::Map(begin, pairs, _)) => (begin, Content::Map(pairs)),
                None => continue,
            },
        };
        let (begin, content) = done;
        let node = Node { mark: begin, last_line: mark(&span.end).line.max(begin.line), content };
        match stack.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, nodes)) => nodes.push(node),
            Some(Open::Map(_, pairs, pending)) => match pending.take() {
                Some(key) => pairs.push((key, node)),
                None => {
                    if let Content::Text(text) = node.content {
                        *pending = Some(Key { text, mark: node.mark });
                    }
                }
            },
        }
    }
    Ok(root.filter(|root| !matches!(root.content, Content::Null)))
}

fn key_expected(open: Option<&Open>) -> bool {
    matches!(open, Some(Open::Map(_, _, None)))
}

/// The spellings of null in YAML 1.2's core schema.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn alias(mark: Mark) -> Broken {
    Broken::new(
        mark,
        "an anchor or alias (`&`, `*`) in the manifest",
        "write it out; quote a value that begins with `&` or `*`",
    )
}

fn tagged(mark: Mark) -> Broken {
    Broken::new(mark, "a tag (`!`) in the manifest", "take it away; quote a value that begins with `!`")
}

/// The parser counts columns from 0.
fn mark(marker: &Marker) -> Mark {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Mark { line: number(marker.line()).max(1), column: number(marker.col()).saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as text, positions as `line:column`.
    fn shown(node: &Node) -> String {
        let inner = match &node.content {
            Content::Null => "null".to_owned(),
            Content::Text(text) => format!("{text:?}"),
            Content::List(nodes) => format!("[{}]", nodes.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Content::Map(pairs) => {
                let pair = |(key, node): &(Key, Node)| {
                    format!("{}@{}:{}={}", key.text, key.mark.line, key.mark.column, shown(node))
                };
                format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(" "))
            }
        };
        format!("{inner}@{}:{}", node.mark.line, node.mark.column)
    }

    #[test]
    fn positions_and_source_text() {
        for (text, expected) in [
            (
                "a: no\nb: 1.10\nc: \"~\"\nd:\n",
                "{a@1:1=\"no\"@1:4 b@2:1=\"1.10\"@2:4 c@3:1=\"~\"@3:4 d@4:1=null@4:2}@1:1",
            ),
            ("# c\na:\n  - x\n  - ~\n", "{a@2:1=[\"x\"@3:5 null@4:5]@3:3}@2:1"),
            ("\u{e4}: {\u{e4}: 1}", "{\u{e4}@1:1={\u{e4}@1:5=\"1\"@1:8}@1:4}@1:1"),
            ("null: x\n1: y", "{null@1:1=\"x\"@1:7 1@2:1=\"y\"@2:4}@1:1"),
            (
                "{\n\t\"a\":\t\"\\u00e9\\/\\ud83d\\ude00\", \"b\": 1.10\n}\n",
                "{a@2:2=\"\u{e9}/\u{1F600}\"@2:7 b@2:31=\"1.10\"@2:36}@1:1",
            ),
            (
                "{\"a\":{\"b\":[true,null,\"null\"]}}",
                "{a@1:2={b@1:7=[\"true\"@1:12 null@1:17 \"null\"@1:22]@1:11}@1:6}@1:1",
            ),
            ("\t[\n1\n]", "[\"1\"@2:1]@1:2"),
            ("a: |\n  x\n  y\n", "{a@1:1=\"x\\ny\\n\"@2:3}@1:1"),
        ] {
            assert_eq!(parse(text).unwrap().as_ref().map(shown).unwrap(), expected, "{text}");
        }
        for text in ["", "\n", "# only this\n", "---\n", "null", "~\n...\n"] {
            assert!(parse(text).unwrap().is_none(), "{text:?}");
        }
    }

    #[test]
    fn what_a_manifest_may_not_hold() {
        let deep = "[".repeat(40);
        let blocks = "- ".repeat(10_000);
        for (text, line, column, what) in [
            ("a: &x 1", 1, 4, "an anchor or alias (`&`, `*`) in the manifest"),
            ("a: &x 1\nb: *x", 1, 4, "an anchor or alias (`&`, `*`) in the manifest"),
            ("a: !!str 1", 1, 4, "a tag (`!`) in the manifest"),
            ("a: 1\n---\nb: 2", 2, 1, "a second document in the manifest"),
            ("? [a]\n: 1", 1, 3, "a key that is no text"),
            (": 1", 1, 1, "a key is missing in front of `:`"),
            (&deep, 1, 33, "nested too deeply"),
            (&blocks, 1, 65, "nested too deeply"),
        ] {
            let broken = parse(text).unwrap_err();
            assert_eq!((broken.what.as_str(), broken.mark), (what, Mark { line, column }), "{text:.40}");
        }
        for text in ["a: [1", "a: \"x", "a: b: c", "a:\n\t- b", "{\"a\": \"\\ud83d\"}", "a: *x"] {
            assert!(parse(text).unwrap_err().what.starts_with("not valid YAML: "), "{text}");
        }
    }
}

//! JSON for the YAML parser. YAML 1.2 takes JSON as it is but for two things, seen with saphyr-parser 0.3: tabs before the
//! first column of content, and characters beyond U+FFFF written as two `\u` escapes.

use serde::de::IgnoredAny;

/// The text with the same meaning and the same lines and columns as YAML; none when it is not JSON.
pub fn as_yaml(text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let mut yaml = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut in_string = false;
    // An escape for a character beyond U+FFFF gets two columns shorter; they are put behind the string instead.
    let mut owed = 0;
    while let Some(c) = rest.chars().next() {
        if in_string
            && c == '\\'
            && let Some((value, after)) = pair(rest)
        {
            yaml.push_str(&format!("\\U{value:08X}"));
            owed += 2;
            rest = after;
            continue;
        }
        let mut step = c.len_utf8();
        match c {
            '\\' if in_string => {
                step += 1;
                yaml.push_str(rest.get(..step)?);
            }
            '"' => {
                yaml.push(c);
                if in_string {
                    yaml.extend(std::iter::repeat_n(' ', std::mem::take(&mut owed)));
                }
                in_string = !in_string;
            }
            '\t' if !in_string => yaml.push(' '),
            _ => yaml.push(c),
        }
        rest = rest.get(step..)?;
    }
    Some(yaml)
}

/// The character that a surrogate pair at the start of `text` stands for, and what follows it.
fn pair(text: &str) -> Option<(u32, &str)> {
    let (high, rest) = unit(text)?;
    let (low, rest) = unit(rest)?;
    let high = high.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((0x1_0000 + (high << 10) + low, rest))
}

fn unit(text: &str) -> Option<(u32, &str)> {
    let rest = text.strip_prefix("\\u")?;
    let (digits, rest) = rest.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_yaml_reads_differently_is_changed() {
        for (json, yaml) in [
            ("{}", Some("{}")),
            ("\t{\t\"a\":\t1}\n", Some(" { \"a\": 1}\n")),
            // A lone half of a pair is left for the YAML parser to refuse.
            (r#"{"a": "\\ud83d\ude00"}"#, Some(r#"{"a": "\\ud83d\ude00"}"#)),
            (r#"{"a\ud83d\ude00b": "x\/\\", "c": 1}"#, Some(r#"{"a\U0001F600b"  : "x\/\\", "c": 1}"#)),
            (r#"{"a": "\\\"\ud83d\ude00"}"#, Some(r#"{"a": "\\\"\U0001F600"  }"#)),
            (r#"{"a": "\ud83d"}"#, Some(r#"{"a": "\ud83d"}"#)),
            ("{a: 1}", None),
            ("a: 1", None),
            ("", None),
        ] {
            assert_eq!(as_yaml(json).as_deref(), yaml, "{json}");
        }
    }
}

//! Where a store is: scheme, host, port and a path prefix.

use std::fmt;

/// How an origin is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port that an address without one means.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// The address of a store. Two origins are the same if scheme, host and port are; see [`Origin::same_place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Plain or over TLS.
    pub scheme: Scheme,
    /// A name or an address, lower case; an IPv6 address with its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What stands in front of every path: empty, or `/` and segments, without a final slash.
    pub prefix: String,
}

impl Origin {
    /// Reads an address as a user writes it: `https://host[:port][/prefix]`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in one line. The address is not repeated in it: a password might stand there.
    pub fn parse(address: &str) -> Result<Origin, &'static str> {
        let (scheme, rest) = address.split_once("://").ok_or("an address needs a scheme: https://HOST[:PORT]")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "unix" => return Err("a unix:// address is not supported by this version"),
            _ => return Err("the scheme of an address is https or http"),
        };
        let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        if path.contains(['?', '#']) {
            return Err("an address has no `?` and no `#`");
        }
        if authority.contains('@') {
            return Err("an address holds no user name and no password");
        }
        let (host, port) = split_port(authority)?;
        if !host_is_sound(host) {
            return Err("the host of an address is a name or an IP address");
        }
        let port = match port {
            None => scheme.default_port(),
            Some(text) => text.parse().ok().filter(|&port| port > 0).ok_or("the port of an address is 1 to 65535")?,
        };
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        if segments.iter().any(|segment| matches!(*segment, "." | "..") || !segment.bytes().all(is_path_byte)) {
            return Err("the path of an address has segments of letters, digits and - . _ ~ % only");
        }
        let prefix = segments.iter().map(|segment| format!("/{segment}")).collect();
        Ok(Origin { scheme, host: host.to_ascii_lowercase(), port, prefix })
    }

    /// Whether both name the same scheme, host and port. The prefix does not matter.
    pub fn same_place(&self, other: &Origin) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.port == other.port
    }

    /// Whether the host is this machine, which is never reached through a proxy.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Scheme, host and, unless it is the scheme's own, the port: `https://vault.internal:8200`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    // The colons of an IPv6 address stand within brackets.
    let search_from = authority.rfind(']').unwrap_or(0);
    match authority.get(search_from..).and_then(|tail| tail.rfind(':')) {
        None => Ok((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at(search_from + colon);
            match port.strip_prefix(':') {
                Some("") | None => Err("the port of an address is 1 to 65535"),
                port => Ok((host, port)),
            }
        }
    }
}

fn host_is_sound(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, shown, port, prefix) in [
            ("https://vault.internal:8200", "https://vault.internal:8200", 8200, ""),
            ("https://vault.internal", "https://vault.internal", 443, ""),
            ("HTTPS://Vault.Internal:443/", "https://vault.internal", 443, ""),
            ("http://127.0.0.1", "http://127.0.0.1", 80, ""),
            ("https://gw/vault//a/", "https://gw", 443, "/vault/a"),
            ("https://[::1]:8200/x", "https://[::1]:8200", 8200, "/x"),
            ("https://[::1]", "https://[::1]", 443, ""),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(
                (origin.to_string().as_str(), origin.port, origin.prefix.as_str()),
                (shown, port, prefix),
                "{text}"
            );
        }
    }

    #[test]
    fn bad_addresses_are_refused() {
        for (text, why) in [
            ("vault.internal:8200", "an address needs a scheme: https://HOST[:PORT]"),
            ("ftp://a", "the scheme of an address is https or http"),
            ("unix:///run/x", "a unix:// address is not supported by this version"),
            ("https://", "the host of an address is a name or an IP address"),
            ("https://:8200", "the host of an address is a name or an IP address"),
            ("https://a b", "the host of an address is a name or an IP address"),
            ("https://[::1", "the host of an address is a name or an IP address"),
            ("https://a:", "the port of an address is 1 to 65535"),
            ("https://a:0", "the port of an address is 1 to 65535"),
            ("https://a:65536", "the port of an address is 1 to 65535"),
            ("https://u:p@a", "an address holds no user name and no password"),
            ("https://a/x?y", "an address has no `?` and no `#`"),
            ("https://a#y", "an address has no `?` and no `#`"),
            ("https://a/../b", "the path of an address has segments of letters, digits and - . _ ~ % only"),
        ] {
            assert_eq!(Origin::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn places_and_loopback() {
        let a = Origin::parse("https://a/x").unwrap();
        assert!(a.same_place(&Origin::parse("https://A:443/y").unwrap()));
        assert!(!a.same_place(&Origin::parse("http://a").unwrap()));
        assert!(Origin::parse("http://[::1]:1").unwrap().is_loopback());
        assert!(Origin::parse("http://127.1.2.3").unwrap().is_loopback());
        assert!(!a.is_loopback());
    }
}

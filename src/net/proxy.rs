//! `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, upper or lower case, read as Go's `net/http` reads them, because that is what
//! the vendors' own clients do.

use super::origin::{Origin, Scheme};
use crate::environment::Environment;
use std::net::IpAddr;
use ureq::{Proxy, ProxyProtocol};

/// The proxy for `origin`; none when it is reached directly.
///
/// # Errors
///
/// The name of the variable whose value is no usable proxy. The value is not repeated: it may hold a password.
pub fn proxy_for(origin: &Origin, environment: &Environment<'_>) -> Result<Option<Proxy>, &'static str> {
    let names = match origin.scheme {
        Scheme::Https => ["HTTPS_PROXY", "https_proxy"],
        Scheme::Http => ["HTTP_PROXY", "http_proxy"],
    };
    let Some((name, value)) = names.into_iter().find_map(|name| environment.filled(name).map(|value| (name, value)))
    else {
        return Ok(None);
    };
    let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| environment.filled(name)).unwrap_or("");
    if origin.is_loopback() || is_exempt(origin, exceptions) {
        return Ok(None);
    }
    match Proxy::new(value) {
        Ok(proxy) if matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) => Ok(Some(proxy)),
        _ => Err(name),
    }
}

/// Whether `list` of `NO_PROXY` names the host: `*`, a domain with all beneath it, `.domain` for what is beneath it only,
/// an address, or a network `10.0.0.0/8`; each but `*` and a network may have a port.
fn is_exempt(origin: &Origin, list: &str) -> bool {
    let host = origin.host.trim_matches(['[', ']']);
    let address: Option<IpAddr> = host.parse().ok();
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            return network
                .parse()
                .ok()
                .zip(bits.parse().ok())
                .zip(address)
                .is_some_and(|((network, bits), address)| contains(network, bits, address));
        }
        if let Ok(exempt) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
            return address == Some(exempt);
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) => (name, port.parse::<u16>().ok()),
            None => (entry, None),
        };
        if port.is_some_and(|port| port != origin.port) {
            return false;
        }
        let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
        let beneath = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
        let ends = |domain: &str| host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'));
        match beneath {
            Some(domain) => ends(domain),
            None => host == name || ends(&name),
        }
    })
}

fn contains(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exemptions() {
        for (address, list, exempt) in [
            ("https://vault.internal", "internal", true),
            ("https://vault.internal", "vault.internal", true),
            ("https://vault.internal", "vault.internal:443", true),
            ("https://vault.internal", "vault.internal:8200", false),
            ("https://vault.internal", ".internal", true),
            ("https://vault.internal", "*.internal", true),
            ("https://internal", ".internal", false),
            ("https://xinternal", "internal", false),
            ("https://a", " b , * ", true),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://11.1.2.3", "0.0.0.0/0", true),
            ("https://10.1.2.3", "10.1.2.3", true),
            ("https://[fd00::1]", "fd00::/8", true),
            ("https://[fd00::1]", "fd00::1", true),
            ("https://a", "10.0.0.0/8,x/y,/", false),
            ("https://a", "", false),
        ] {
            assert_eq!(is_exempt(&Origin::parse(address).unwrap(), list), exempt, "{address} {list}");
        }
    }

    #[test]
    fn a_proxy_by_scheme() {
        let environment =
            Environment::new(vec![c"https_proxy=http://u:p@proxy:3128", c"HTTP_PROXY=socks5://x", c"NO_PROXY=b"]);
        let host = |address| {
            proxy_for(&Origin::parse(address).unwrap(), &environment)
                .map(|proxy| proxy.map(|proxy| proxy.host().to_owned()))
        };
        assert_eq!(host("https://a"), Ok(Some("proxy".to_owned())));
        assert_eq!(host("https://b"), Ok(None));
        assert_eq!(host("https://127.0.0.1:8200"), Ok(None));
        assert_eq!(host("http://a"), Err("HTTP_PROXY"));
    }
}

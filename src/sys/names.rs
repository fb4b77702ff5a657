//! Names of machines: getaddrinfo(3), for one family of addresses at a time.
//!
//! Asked for both families at once, musl fails or stalls the whole look-up when the server gives no good answer for one of
//! them, and many name servers have none for IPv6.

use std::ffi::CStr;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Why there are no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// The name, or an address of this family for it, does not exist.
    Absent,
    /// No name server gave an answer that says so; another attempt may.
    Unanswered,
}

/// The addresses of `name` in one family, in the order of the system's resolver, with port 0. Blocks for as long as that
/// resolver takes, which /etc/resolv.conf decides: seconds, where a name server is silent.
pub fn addresses(name: &CStr, family: Family) -> Result<Vec<SocketAddr>, Unresolved> {
    let family = match family {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    // One entry an address, not one for each kind of socket.
    let hints = libc::addrinfo {
        ai_flags: 0,
        ai_family: family,
        ai_socktype: libc::SOCK_STREAM,
        ai_protocol: 0,
        ai_addrlen: 0,
        ai_addr: ptr::null_mut(),
        ai_canonname: ptr::null_mut(),
        ai_next: ptr::null_mut(),
    };
    let mut list: *mut libc::addrinfo = ptr::null_mut();
    // SAFETY: name and hints live through the call; `list` is written on success only, and then is ours to free.
    match unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &raw const hints, &raw mut list) } {
        0 => {}
        libc::EAI_NONAME | EAI_NODATA => return Err(Unresolved::Absent),
        _ => return Err(Unresolved::Unanswered),
    }
    let mut found = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: `at` is null or an entry of the list, which is freed only below.
        let entry = unsafe { &*at };
        found.extend(address(entry));
        at = entry.ai_next;
    }
    // SAFETY: the list came from getaddrinfo, and nothing borrows from it any more.
    unsafe { libc::freeaddrinfo(list) };
    if found.is_empty() { Err(Unresolved::Absent) } else { Ok(found) }
}

/// The name exists, but has no address of the family that was asked for. The libc crate has no name for it; glibc and musl
/// give it this number (netdb.h).
const EAI_NODATA: libc::c_int = -5;

fn address(entry: &libc::addrinfo) -> Option<SocketAddr> {
    if entry.ai_addr.is_null() {
        return None;
    }
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: the family says that a sockaddr_in stands there; read_unaligned asks nothing of its alignment.
            let v4 = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(SocketAddrV4::new(Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes()), 0).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above, with a sockaddr_in6.
            let v6 = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(SocketAddrV6::new(Ipv6Addr::from(v6.sin6_addr.s6_addr), 0, 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_written_out_need_no_server() {
        assert_eq!(addresses(c"127.0.0.1", Family::V4), Ok(vec!["127.0.0.1:0".parse().unwrap()]));
        assert_eq!(addresses(c"::1", Family::V6), Ok(vec!["[::1]:0".parse().unwrap()]));
        assert!(addresses(c"::1", Family::V4).is_err());
    }
}

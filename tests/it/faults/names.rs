//! Names that do not resolve, or badly: with a name server of the test's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rcgen::CertificateParams;

use super::dns::{Answer, NameServer, own_network};
use super::stand::{Front, Stand, healthy};
use super::{MIDDLE, SHORT, refused, succeeds, with_token};
use crate::support::pidns::Init;
use crate::support::skip::skip;
use crate::support::tls::Authority;

const FOUR: Answer = Answer::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
const SIX: Answer = Answer::Address(IpAddr::V6(Ipv6Addr::LOCALHOST));

/// A store at that address, known as `vault.test`.
fn store(authority: &Authority, address: &str) -> Stand {
    let params = CertificateParams::new(vec!["vault.test".into()]).unwrap();
    Stand::on(address, Front::Tls(authority.server_with(params)), |request, _| healthy(request))
}

fn by_name(stand: &Stand, authority: &Authority, names: &NameServer) -> Init {
    let url = format!("https://vault.test:{}", stand.address().port());
    with_token(&url, authority).over(names.resolv_conf(), "/etc/resolv.conf")
}

/// A listener whose queue is full: to whoever connects it is as silent as a dead address.
fn dead(address: &str) -> Option<(TcpListener, Vec<TcpStream>)> {
    let listener = TcpListener::bind(address).ok()?;
    // SAFETY: listen(2) on a socket that listens already only sets the length of its queue.
    #[allow(unsafe_code)]
    let result = unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(&listener), 0) };
    assert_eq!(result, 0);
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(stream);
    }
    Some((listener, waiting))
}

/// musl gives up on both families when one gets no good answer; and a name server that knows nothing of IPv6 is common.
#[test]
fn a_broken_answer_for_one_family_does_not_hurt_the_other() {
    let Some(()) = own_network() else { return };
    let authority = Authority::new();
    let stand = store(&authority, "127.0.0.1:0");
    for six in [Answer::NoData, Answer::NxDomain, Answer::ServFail, Answer::Silence] {
        let names = NameServer::start(move |is_six, _| if is_six { six } else { FOUR });
        // Less than the five seconds after which libc gives up on a silent server.
        succeeds(by_name(&stand, &authority, &names).args(["--timeout", "4s"]));
        assert_eq!(names.asked().0, 1, "{six:?}: one question for all requests");
    }
}

#[test]
fn a_name_that_resolves_late() {
    let Some(()) = own_network() else { return };
    let authority = Authority::new();
    let stand = store(&authority, "127.0.0.1:0");
    let names = NameServer::start(|six, before| match (six, before) {
        (true, _) => Answer::NoData,
        (false, 0..3) => Answer::NxDomain,
        (false, _) => FOUR,
    });
    succeeds(by_name(&stand, &authority, &names));
    assert_eq!(names.asked().0, 4);
}

#[test]
fn a_name_that_does_not_resolve() {
    let Some(()) = own_network() else { return };
    let authority = Authority::new();
    let stand = store(&authority, "127.0.0.1:0");
    for (name, code, answer) in [
        ("name-unknown", 69, Answer::NxDomain),
        ("name-without-address", 69, Answer::NoData),
        ("name-server-silent", 75, Answer::Silence),
    ] {
        let names = NameServer::start(move |_, _| answer);
        let url = "https://vault.test:8200";
        let run = with_token(url, &authority).over(names.resolv_conf(), "/etc/resolv.conf");
        refused(name, run.args(if code == 75 { SHORT } else { MIDDLE }), code);
        // At most nine attempts by two threads; libc itself asks four times in each when it is told of a failure.
        assert!((1..=72).contains(&names.asked().0), "{name}: {:?}", names.asked());
    }
    // glibc tells of a server that fails; musl waits for a better answer as long as for a silent one. Either is a refusal.
    let names = NameServer::start(|_, _| Answer::ServFail).hasty();
    let run = with_token("https://vault.test:8200", &authority).over(names.resolv_conf(), "/etc/resolv.conf");
    let finished = run.args(MIDDLE).probe(&["report"]).run();
    assert!([69, 75].contains(&finished.code()), "{}", finished.err);
    assert!(finished.err.contains("https://vault.test:8200") && finished.out.is_empty(), "{}", finished.err);
    assert!(names.asked().0 >= 1);
    assert_eq!(stand.connections(), 0);
}

#[test]
fn a_dead_ipv6_and_a_living_ipv4_address() {
    let Some(()) = own_network() else { return };
    let Some(dead) = dead("[::1]:0") else { return skip("ipv6", "no IPv6 here") };
    let authority = Authority::new();
    let port = dead.0.local_addr().unwrap().port();
    let stand = store(&authority, &format!("127.0.0.1:{port}"));
    let names = NameServer::start(|six, _| if six { SIX } else { FOUR });
    // ureq by itself would wait for two thirds of the time that a connection may take.
    succeeds(by_name(&stand, &authority, &names).args(["--timeout", "5s"]));
    assert_eq!(names.asked(), (1, 1));
}

#[test]
fn a_dead_ipv4_and_a_living_ipv6_address() {
    let Some(()) = own_network() else { return };
    let Some(dead) = dead("127.0.0.1:0") else { return };
    let port = dead.0.local_addr().unwrap().port();
    if TcpListener::bind(format!("[::1]:{port}")).is_err() {
        return skip("ipv6", "no IPv6 here");
    }
    let authority = Authority::new();
    let stand = store(&authority, &format!("[::1]:{port}"));
    let names = NameServer::start(|six, _| if six { SIX } else { FOUR });
    succeeds(by_name(&stand, &authority, &names).args(["--timeout", "5s"]));
}

/// Nobody listens on IPv6, as in most containers: the refusal costs nothing, and is not what is reported.
#[test]
fn an_ipv6_address_that_refuses() {
    let Some(()) = own_network() else { return };
    let authority = Authority::new();
    let stand = store(&authority, "127.0.0.1:0");
    let names = NameServer::start(|six, _| if six { SIX } else { FOUR });
    succeeds(by_name(&stand, &authority, &names));
}

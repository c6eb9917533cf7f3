//! Certificates are exchanged while clients come.

use crate::{
    authority::{Authority, write},
    client::{ask, connect, shown, trusting},
    common::{config, start},
};
use carboy_server::TlsConfig;
use carboy_testkit::Folder;
use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::Duration,
};

#[test]
fn certificates_are_exchanged_under_load_without_a_failed_handshake() {
    let (folder, authority) = (Folder::new(), Authority::new());
    let (chain, key) = write(&folder, "server", &authority.issue(&["localhost"]));
    let tls = TlsConfig::new(chain, key).reload_interval(Duration::from_millis(10));
    let running = start(config().workers(2).tls(tls));
    let over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !over.load(Relaxed) {
                        let mut client = connect(running.addr, "localhost", trusting(&authority)).unwrap();
                        seen.push(shown(&client).to_vec());
                        assert!(ask(&mut client, "/").ends_with("Hello, World!"));
                    }
                    seen
                })
            })
            .collect();
        for swap in 0..20 {
            // Every third one is no use.
            let years = if swap % 3 == 2 { 2001 } else { 2100 };
            write(&folder, "server", &authority.issue_until(&["localhost"], years));
            thread::sleep(Duration::from_millis(100));
        }
        over.store(true, Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let different: HashSet<_> = seen.iter().collect();
    assert!(seen.len() > 50 && different.len() > 5, "{} of {}", different.len(), seen.len());
}

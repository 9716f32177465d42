//! The server: it serves the newest head that it can stand for, never waits for who writes, and ends
//! as it should.

use super::desk::Desk;
use super::server_desk::Server;

#[test]
fn a_server_says_where_it_listens_whether_it_can_write_and_ends_well() {
    let desk = Desk::argued();
    let server = Server::start(&desk, &[]);
    assert_eq!(server.get("/healthz").text(), "ok\n");
    assert_eq!(server.get("/readyz").status, 200);
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("takes commits"), "{}", ended.err);
    desk.holds();

    let server = Server::start(&desk, &["--read-only"]);
    assert_eq!(server.get("/readyz").status, 200);
    let ended = server.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("takes no commits"), "{}", ended.err);
}

use carboy::prelude::*;

#[websocket("/ws")]
fn sync(socket: WebSocket) {
    drop(socket);
}

fn main() {}

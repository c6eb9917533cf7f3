use carboy::prelude::*;

#[websocket("/ws", methods = ["POST"])]
async fn posted(socket: WebSocket) {
    drop(socket);
}

fn main() {}

use carboy::prelude::*;

#[websocket("/ws/<room>")]
async fn page(room: String, socket: WebSocket) -> String {
    drop(socket);
    room
}

fn main() {}

use carboy::{App, Result, prelude::*};

#[websocket("/ws/<room>/<int:seat>", endpoint = "seat")]
async fn chat(room: String, seat: u8, mut socket: WebSocket) -> Result<()> {
    while let Some(message) = socket.recv().await? {
        let _ = (&room, seat);
        socket.send(message).await?;
    }
    Ok(())
}

#[websocket("/plain")]
async fn plain(mut socket: WebSocket) {
    let _ = socket.recv().await;
}

fn main() {
    let mut app = App::new("rooms");
    app.routes(routes![chat, plain]);
    app.build().unwrap();
}

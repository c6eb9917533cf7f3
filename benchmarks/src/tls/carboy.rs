//! `carboy-tls PORT WORKERS CHAIN KEY`: one page over HTTPS, as a carboy app in its default configuration.

use carboy::prelude::*;
use carboy_server::{Server, ServerConfig, TlsConfig};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[route("/")]
fn index() -> impl IntoResponse {
    Response::text("Hello, World!")
}

fn main() -> carboy::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, workers, chain, key] = &args[..] else {
        return Err(Error::msg("carboy-tls PORT WORKERS CHAIN KEY"));
    };
    let mut app = App::new("bench");
    app.routes(routes![index]);
    let config = ServerConfig::new()
        .bind(([127, 0, 0, 1], port.parse()?))
        .workers(workers.parse()?)
        .tls(TlsConfig::new(chain, key));
    Server::new(config).serve(app.build()?)?;
    Ok(())
}

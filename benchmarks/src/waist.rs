//! `waist-bench PORT WORKERS`: the first pages of the comparison by hand, to tell what the server costs from what
//! the framework costs.

use carboy_http::{HeaderValue, Request, Response, Service, StatusCode, header};
use carboy_server::{Server, ServerConfig, ServerError};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Pages;

impl Service for Pages {
    async fn call(&self, request: Request) -> Response {
        let (mimetype, body): (_, carboy_http::Body) = match request.uri().path() {
            "/" => ("text/plain; charset=utf-8", "Hello, World!".into()),
            "/json" => ("application/json", r#"{"message":"Hello, World!"}"#.into()),
            path => match path.strip_prefix("/user/").and_then(|id| id.parse::<i64>().ok()) {
                Some(id) => ("application/json", format!(r#"{{"id":{id},"name":"user{id}"}}"#).into()),
                None => return Response::empty().with_status(StatusCode::NOT_FOUND),
            },
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mimetype));
        response
    }
}

fn main() -> Result<(), ServerError> {
    let number = |n: usize, default| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let port = number(1, 8200) as u16;
    Server::new(ServerConfig::new().bind(([127, 0, 0, 1], port)).workers(number(2, 1))).serve(Pages)
}

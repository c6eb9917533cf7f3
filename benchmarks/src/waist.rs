//! `waist-bench PORT WORKERS`: the first pages of the comparison by hand, to tell what the server costs from what
//! the framework costs.

use bytes::Bytes;
use carboy_http::{Body, HeaderValue, Request, Response, Service, StatusCode, header};
use carboy_server::{Server, ServerConfig, ServerError};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A mebibyte: what large bodies cost.
static BIG: [u8; 1 << 20] = [b'x'; 1 << 20];

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

struct Pages;

impl Service for Pages {
    async fn call(&self, request: Request) -> Response {
        let (mimetype, body): (_, Body) = match request.uri().path() {
            "/" => (TEXT, "Hello, World!".into()),
            "/json" => (JSON, r#"{"message":"Hello, World!"}"#.into()),
            "/big" => (TEXT, Bytes::from_static(&BIG).into()),
            path => match path.strip_prefix("/user/").and_then(|id| id.parse::<i64>().ok()) {
                Some(id) => (JSON, format!(r#"{{"id":{id},"name":"user{id}"}}"#).into()),
                None => return Response::empty().with_status(StatusCode::NOT_FOUND),
            },
        };
        let mut response = Response::new(body);
        response.headers_mut().insert(header::CONTENT_TYPE, mimetype);
        response
    }
}

fn main() -> Result<(), ServerError> {
    let number = |n: usize, default| std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(default);
    let port = number(1, 8200) as u16;
    Server::new(ServerConfig::new().bind(([127, 0, 0, 1], port)).workers(number(2, 1))).serve(Pages)
}

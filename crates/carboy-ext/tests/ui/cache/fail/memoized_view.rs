use carboy::prelude::*;
use carboy_ext::cache::memoize;

#[get("/")]
#[memoize(timeout = 60)]
async fn index() -> carboy::Result<String> {
    Ok("home".into())
}

fn main() {
    App::new("view").routes(routes![index]);
}

use carboy_ext::cache::memoize;

#[memoize(timeout = 60, ignore(db))]
fn sum<T>((a, b): (T, T)) {}

struct Shop;

impl Shop {
    #[memoize(timeout = 60)]
    async fn stock(&self) -> carboy::Result<u8> {
        Ok(1)
    }
}

fn main() {}

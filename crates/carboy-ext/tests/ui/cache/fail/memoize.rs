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

#[memoize(timeout = 60, stale_while_revalidate = 60)]
async fn borrowed(name: &str, place: &'static str) -> carboy::Result<usize> {
    Ok(name.len() + place.len())
}

fn main() {}

//! What `#[memoize]` makes of a function calls these.

use super::Cache;
use carboy::{Result, ext, has_app_context};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// The key of the result for these arguments. The function is known by the struct of its name: that has its place in the program.
pub fn memo_key<F>(arguments: &impl Serialize) -> Result<String> {
    Ok(format!("{}{}", beginning::<F>(), serde_json::to_string(arguments)?))
}

/// How the keys of all results of a function begin.
fn beginning<F>() -> String {
    format!("{} ", std::any::type_name::<F>())
}

/// A result that was kept, or that is made now.
pub async fn memoized<T, M>(key: Result<String>, timeout: Option<Duration>, make: M) -> Result<T>
where
    T: Serialize + DeserializeOwned,
    M: AsyncFnOnce() -> Result<T>,
{
    if has_app_context() { ext::<Cache>().memoize(&key?, timeout, make).await } else { make().await }
}

/// Forgets the result of a key. There is none when there is no key.
pub async fn forget_memoized(key: Result<String>) {
    if let (true, Ok(key)) = (has_app_context(), key) {
        ext::<Cache>().delete(&key).await;
    }
}

/// Forgets all results of a function.
pub async fn forget_all_memoized<F>() {
    if has_app_context() {
        ext::<Cache>().delete_prefix(&beginning::<F>()).await;
    }
}

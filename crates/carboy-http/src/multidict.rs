//! Ordered maps whose keys may repeat: what a query string, a form and a set of uploads are.

use crate::HttpError;
use indexmap::IndexMap;
use smallvec::SmallVec;
use std::{fmt, str::FromStr, sync::Arc};

type Values<V> = SmallVec<[V; 1]>;
// The standard hasher is keyed at random, so that nobody can send keys that collide.
type Map<V> = IndexMap<Box<str>, Values<V>, std::hash::RandomState>;

/// An ordered map whose keys may occur several times (Werkzeug's `MultiDict`).
///
/// Keys keep the order of their first occurrence. A clone shares its contents with the original, so a
/// `MultiDict` is passed around by value; an empty one owns no memory.
///
/// ```
/// use carboy_http::MultiDict;
/// let form: MultiDict<String> = [("a", "1"), ("b", "x"), ("a", "2")].into_iter().collect();
/// assert_eq!(form.get_str("a"), Some("1"));
/// assert_eq!(form.getlist("a"), ["1", "2"]);
/// assert_eq!(form.get::<u32>("a"), Some(1));
/// assert_eq!(form.get::<u32>("b"), None);
/// ```
pub struct MultiDict<V>(Option<Arc<Map<V>>>);

impl<V> MultiDict<V> {
    /// A map without entries.
    pub const fn new() -> Self {
        MultiDict(None)
    }

    /// How many different keys there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |map| map.len())
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the key occurs.
    pub fn contains(&self, key: &str) -> bool {
        self.0.as_ref().is_some_and(|map| map.contains_key(key))
    }

    /// The first value of the key.
    pub fn first(&self, key: &str) -> Option<&V> {
        self.getlist(key).first()
    }

    /// All values of the key, in the order in which they came; empty when the key does not occur.
    pub fn getlist(&self, key: &str) -> &[V] {
        self.0.as_ref().and_then(|map| map.get(key)).map_or(&[], |values| values)
    }

    /// The keys, each once, in the order of their first occurrence.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.lists().map(|(key, _)| key)
    }

    /// Each key with its first value.
    pub fn items(&self) -> impl Iterator<Item = (&str, &V)> {
        self.lists().filter_map(|(key, values)| Some((key, values.first()?)))
    }

    /// Each key with each of its values; the values of one key stand together.
    pub fn items_multi(&self) -> impl Iterator<Item = (&str, &V)> {
        self.lists().flat_map(|(key, values)| values.iter().map(move |value| (key, value)))
    }

    /// Each key with all its values.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &[V])> {
        self.0.iter().flat_map(|map| map.iter()).map(|(key, values)| (&**key, &**values))
    }
}

impl<V: Clone> MultiDict<V> {
    /// Adds a value behind those that the key has.
    pub fn add(&mut self, key: impl Into<Box<str>>, value: V) {
        self.map_mut().entry(key.into()).or_default().push(value);
    }

    /// Replaces all values of the key by this one.
    pub fn set(&mut self, key: impl Into<Box<str>>, value: V) {
        let mut values = Values::new();
        values.push(value);
        self.map_mut().insert(key.into(), values);
    }

    /// Replaces all values of the key; no values remove it.
    pub fn setlist(&mut self, key: impl Into<Box<str>>, values: impl IntoIterator<Item = V>) {
        let (key, values) = (key.into(), Values::from_iter(values));
        if values.is_empty() {
            self.remove(&key);
        } else {
            self.map_mut().insert(key, values);
        }
    }

    /// Takes the key out with all its values.
    pub fn remove(&mut self, key: &str) -> Vec<V> {
        if !self.contains(key) {
            return Vec::new();
        }
        self.map_mut().shift_remove(key).map_or_else(Vec::new, Values::into_vec)
    }

    /// Each key with its first value, as a map of its own (`to_dict(flat=True)`).
    pub fn to_dict(&self) -> IndexMap<String, V> {
        self.items().map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }

    /// The entries of this map, then those of the other (`CombinedMultiDict`): its own values come first.
    pub fn combined(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut both = self.clone();
        for (key, value) in other.items_multi() {
            both.add(key, value.clone());
        }
        both
    }

    fn map_mut(&mut self) -> &mut Map<V> {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl MultiDict<String> {
    /// The first value of the key, converted; `None` when it is missing or does not convert.
    ///
    /// Flask writes this `args.get("page", type=int)`. The conversion is Rust's: `"+5"` is a number,
    /// `" 5"` is not, and a `bool` is spelled `true` or `false`.
    pub fn get<T: FromStr>(&self, key: &str) -> Option<T> {
        self.get_str(key)?.parse().ok()
    }

    /// The first value of the key, borrowed.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.first(key).map(String::as_str)
    }

    /// All values of the key that convert (`getlist(key, type=…)`).
    pub fn getlist_as<T: FromStr>(&self, key: &str) -> Vec<T> {
        self.getlist(key).iter().filter_map(|value| value.parse().ok()).collect()
    }

    /// The first value of the key, converted: Flask's `form["key"]`.
    ///
    /// # Errors
    /// 400 when the key is missing or its value does not convert; the error carries the key, and an
    /// application shows it in debug mode only.
    pub fn get_required<T: FromStr>(&self, key: &str) -> Result<T, HttpError> {
        self.get(key).ok_or_else(|| HttpError::bad_request_key(key))
    }
}

impl<V> Clone for MultiDict<V> {
    fn clone(&self) -> Self {
        MultiDict(self.0.clone())
    }
}

impl<V> Default for MultiDict<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: PartialEq> PartialEq for MultiDict<V> {
    /// Equal keys with equal lists of values; the order of the keys does not count.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.lists().all(|(key, values)| other.getlist(key) == values)
    }
}

impl<V: Eq> Eq for MultiDict<V> {}

impl<V: fmt::Debug> fmt::Debug for MultiDict<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MultiDict(")?;
        f.debug_list().entries(self.items_multi()).finish()?;
        f.write_str(")")
    }
}

impl<K: Into<Box<str>>, T, V: Clone> FromIterator<(K, T)> for MultiDict<V>
where
    T: Into<V>,
{
    fn from_iter<I: IntoIterator<Item = (K, T)>>(items: I) -> Self {
        let mut dict = MultiDict::new();
        for (key, value) in items {
            dict.add(key, value.into());
        }
        dict
    }
}

impl<V: serde::Serialize> serde::Serialize for MultiDict<V> {
    /// Each key with its first value, as [`MultiDict::to_dict`].
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.items())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_not_changed_when_the_original_is() {
        let mut one: MultiDict<String> = [("a", "1")].into_iter().collect();
        let two = one.clone();
        one.add("a", "2".into());
        assert_eq!(one.getlist("a"), ["1", "2"]);
        assert_eq!(two.getlist("a"), ["1"]);
    }

    #[test]
    fn values_of_one_key_stand_together_and_keys_keep_the_order_of_their_first_occurrence() {
        let dict: MultiDict<String> = [("b", "1"), ("a", "2"), ("b", "3")].into_iter().collect();
        let items: Vec<_> = dict.items_multi().map(|(k, v)| (k, v.as_str())).collect();
        assert_eq!(items, [("b", "1"), ("b", "3"), ("a", "2")]);
        assert_eq!(
            dict.to_dict().into_iter().collect::<Vec<_>>(),
            [("b".into(), "1".into()), ("a".into(), "2".into())]
        );
        assert_eq!(serde_json::to_string(&dict).unwrap(), r#"{"b":"1","a":"2"}"#);
    }

    #[test]
    fn combined_maps_answer_with_the_value_of_the_first() {
        let args: MultiDict<String> = [("a", "1"), ("b", "2")].into_iter().collect();
        let form: MultiDict<String> = [("b", "3"), ("c", "4")].into_iter().collect();
        let both = args.combined(&form);
        assert_eq!(both.get_str("b"), Some("2"));
        assert_eq!(both.getlist("b"), ["2", "3"]);
        assert_eq!(both.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_missing_required_key_is_a_bad_request_that_names_it() {
        let error = MultiDict::<String>::new().get_required::<u32>("age").unwrap_err();
        assert_eq!(error.status(), 400);
        assert_eq!(error.key(), Some("age"));
        let dict: MultiDict<String> = [("age", "old")].into_iter().collect();
        assert!(dict.get_required::<u32>("age").is_err());
        assert_eq!(dict.get_required::<String>("age").unwrap(), "old");
    }

    #[test]
    fn each_map_hashes_with_a_key_of_its_own_so_that_nobody_can_send_keys_that_collide() {
        use std::hash::BuildHasher;
        let hash = || {
            let dict: MultiDict<String> = [("a", "1")].into_iter().collect();
            dict.0.unwrap().hasher().hash_one("a")
        };
        assert_ne!(hash(), hash());
    }

    #[test]
    fn setting_and_removing_replace_all_values_of_a_key() {
        let mut dict: MultiDict<String> = [("a", "1"), ("a", "2"), ("b", "3")].into_iter().collect();
        dict.set("a", "9".into());
        assert_eq!(dict.getlist("a"), ["9"]);
        dict.setlist("b", []);
        assert!(!dict.contains("b"));
        assert_eq!(dict.remove("a"), ["9"]);
        assert!(dict.is_empty());
    }
}

//! The values of a statement's placeholders.

use sea_orm::Value;

/// What can stand for a statement's placeholders, in their order: `()` for none, a tuple of up to twelve values of any types,
/// an array, slice or `Vec` of one type.
///
/// Values are text, numbers, bools, bytes (`Vec<u8>`), dates of `chrono`, JSON, `Option`s of them, and [`sea_orm::Value`].
///
/// ```
/// # use carboy_db::Params;
/// assert_eq!(("a", 1, None::<i64>).into_values().len(), 3);
/// assert_eq!(["a", "b"].into_values().len(), 2);
/// ```
pub trait Params {
    /// The values.
    fn into_values(self) -> Vec<Value>;
}

impl Params for () {
    fn into_values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl<T: Into<Value>> Params for Vec<T> {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<Value>, const N: usize> Params for [T; N] {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<Value> + Clone> Params for &[T] {
    fn into_values(self) -> Vec<Value> {
        self.iter().cloned().map(Into::into).collect()
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Into<Value>),+> Params for ($($name,)+) {
            #[allow(non_snake_case)]
            fn into_values(self) -> Vec<Value> {
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);

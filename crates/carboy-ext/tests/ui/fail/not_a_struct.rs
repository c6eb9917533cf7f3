use carboy_ext::forms::{Choices, Form};
use carboy_ext::validation::Validate;

#[derive(Form)]
enum A {
    B,
}

#[derive(Form)]
struct C(String);

#[derive(Choices)]
struct D {
    e: String,
}

#[derive(Choices)]
enum F {
    G(String),
}

#[derive(Validate)]
enum H {
    I,
}

fn main() {}

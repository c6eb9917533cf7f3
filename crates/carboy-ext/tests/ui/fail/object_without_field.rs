use carboy_ext::forms::Form;

struct User {
    name: String,
    age: i64,
}

#[derive(Form)]
#[form(obj = User)]
struct Profile {
    name: String,
    age: u8,
    password: String,
}

fn main() {}

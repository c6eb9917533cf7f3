use carboy_ext::forms::Form;

#[derive(Form)]
struct Login {
    #[field(validate(length(3)))]
    a: String,
    #[field(validate(length(mn = 3)))]
    b: String,
    #[field(validate(length(min = 5, max = 3)))]
    c: String,
    #[field(validate(length))]
    d: String,
    #[field(validate(email("x")))]
    e: String,
    #[field(validate(regexp))]
    f: String,
}

fn main() {}

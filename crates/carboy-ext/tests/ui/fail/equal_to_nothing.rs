use carboy_ext::forms::Form;

#[derive(Form)]
struct Login {
    password: String,
    #[field(validate(equal_to("pasword")))]
    again: String,
}

fn main() {}

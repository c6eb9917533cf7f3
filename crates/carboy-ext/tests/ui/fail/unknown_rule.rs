use carboy_ext::forms::Form;

#[derive(Form)]
struct Login {
    #[field(validate(requierd))]
    name: String,
    #[field(validate(emial))]
    mail: String,
    #[field(validate(is_strong))]
    password: String,
}

fn main() {}

use carboy_ext::forms::Form;

fn strong(_: &u32) -> Result<(), String> {
    Ok(())
}

#[derive(Form)]
struct Login {
    #[field(validate(custom(strong)))]
    password: String,
}

fn main() {}

use carboy_ext::forms::Form;

#[derive(Form)]
struct Login {
    #[field(widget = "text-area")]
    name: String,
}

fn main() {}

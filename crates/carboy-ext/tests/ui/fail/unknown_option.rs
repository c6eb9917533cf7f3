use carboy_ext::forms::Form;

#[derive(Form)]
struct Login {
    #[field(lable = "Name")]
    name: String,
    #[field(validate)]
    other: String,
    #[field(label)]
    third: String,
}

fn main() {}

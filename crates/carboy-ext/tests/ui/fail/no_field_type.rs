use carboy_ext::forms::Form;

#[derive(Form)]
struct Login {
    name: &'static str,
    when: std::time::SystemTime,
}

fn main() {}

use carboy_ext::forms::Form;

#[derive(Form)]
struct Event {
    #[field(format = "%d %B %Y")]
    day: jiff::civil::Date,
    #[field(default = "today")]
    other: jiff::civil::Date,
}

fn main() {}

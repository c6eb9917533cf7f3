use carboy_ext::validation::Validate;

struct Line;

#[derive(Validate)]
struct Order {
    #[validate(nested)]
    lines: Vec<Line>,
    #[validate(each(email))]
    mail: String,
    #[validate(lenght(min = 1))]
    name: String,
}

fn main() {}

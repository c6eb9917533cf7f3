//! Which form a number has: the field `Plural-Forms`, an expression of C in the variable `n`.

use super::header_field;

/// No language needs a longer expression, deeper brackets, or more forms.
const LONGEST: usize = 1000;
const DEEPEST: usize = 50;
const MOST_FORMS: usize = 20;

/// The rule of a catalogue.
#[derive(Clone, Debug)]
pub(in super::super) struct Plural {
    expression: Expression,
    forms: usize,
}

impl Default for Plural {
    /// That of Germanic languages, which gettext takes where a catalogue says nothing.
    fn default() -> Self {
        let n = || Box::new(Expression::N);
        Self {
            expression: Expression::Binary(Operator::NotEqual, n(), Box::new(Expression::Number(1))),
            forms: 2,
        }
    }
}

#[derive(Clone, Debug)]
enum Expression {
    N,
    Number(i128),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// The operators by how tightly they bind, the loosest first; a longer one stands before its beginning.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[("==", Operator::Equal), ("!=", Operator::NotEqual)],
    &[
        ("<=", Operator::LessEqual),
        (">=", Operator::GreaterEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Modulo)],
];

impl Plural {
    /// What a header says; the default when it says nothing.
    ///
    /// # Errors
    /// When the field says what is no rule.
    pub(in super::super) fn of_header(header: &str) -> Result<Self, String> {
        match header_field(header, "Plural-Forms") {
            Some(field) if !field.is_empty() && !field.contains("INTEGER") => Self::parse(field),
            _ => Ok(Self::default()),
        }
    }

    /// The rule of a field: `nplurals=2; plural=n != 1;`.
    pub(in super::super) fn parse(field: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            let field: String = field.chars().take(100).collect();
            format!("Plural-Forms is no rule ({what}): {field:?}")
        };
        if field.len() > LONGEST {
            return Err(wrong("it is too long"));
        }
        let (mut forms, mut expression) = (None, None);
        for part in field.split(';') {
            match part.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some(("nplurals", number)) => forms = number.parse::<usize>().ok(),
                Some(("plural", text)) => {
                    let mut parser = Parser { rest: text, depth: 0 };
                    let parsed = parser.choice().map_err(|what| wrong(&what))?;
                    if !parser.rest.trim_start().is_empty() {
                        return Err(wrong("something follows the expression"));
                    }
                    expression = Some(parsed);
                }
                _ => {}
            }
        }
        let forms =
            forms.filter(|forms| (1..=MOST_FORMS).contains(forms)).ok_or_else(|| wrong("nplurals"))?;
        Ok(Self { expression: expression.ok_or_else(|| wrong("there is no plural="))?, forms })
    }

    /// How many forms there are.
    pub(in super::super) fn forms(&self) -> usize {
        self.forms
    }

    /// The form of a number; nothing when the rule divides by zero or names a form that there is not.
    pub(in super::super) fn form(&self, number: u64) -> Option<usize> {
        let form = self.expression.value(number.into())?;
        usize::try_from(form).ok().filter(|form| *form < self.forms)
    }
}

impl Expression {
    fn value(&self, n: i128) -> Option<i128> {
        Some(match self {
            Expression::N => n,
            Expression::Number(number) => *number,
            Expression::Not(inner) => i128::from(inner.value(n)? == 0),
            Expression::Choice(condition, yes, no) => {
                if condition.value(n)? != 0 {
                    yes.value(n)?
                } else {
                    no.value(n)?
                }
            }
            Expression::Binary(Operator::Or, left, right) => {
                i128::from(left.value(n)? != 0 || right.value(n)? != 0)
            }
            Expression::Binary(Operator::And, left, right) => {
                i128::from(left.value(n)? != 0 && right.value(n)? != 0)
            }
            Expression::Binary(operator, left, right) => {
                let (left, right) = (left.value(n)?, right.value(n)?);
                match operator {
                    Operator::Equal => i128::from(left == right),
                    Operator::NotEqual => i128::from(left != right),
                    Operator::Less => i128::from(left < right),
                    Operator::LessEqual => i128::from(left <= right),
                    Operator::Greater => i128::from(left > right),
                    Operator::GreaterEqual => i128::from(left >= right),
                    Operator::Add => left.checked_add(right)?,
                    Operator::Subtract => left.checked_sub(right)?,
                    Operator::Multiply => left.checked_mul(right)?,
                    Operator::Divide => left.checked_div_euclid(right)?,
                    Operator::Modulo => left.checked_rem_euclid(right)?,
                    Operator::Or | Operator::And => return None,
                }
            }
        })
    }
}

struct Parser<'e> {
    rest: &'e str,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err("it is nested too deeply".to_owned()) } else { Ok(()) }
    }

    fn choice(&mut self) -> Result<Expression, String> {
        self.deeper()?;
        let condition = self.binary(0)?;
        let expression = if self.take("?") {
            let yes = self.choice()?;
            if !self.take(":") {
                return Err("a ? has no :".to_owned());
            }
            Expression::Choice(Box::new(condition), Box::new(yes), Box::new(self.choice()?))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn binary(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        let mut count = 0;
        while let Some((_, operator)) = operators.iter().find(|(text, _)| self.take(text)) {
            // A chain is a tree as deep as it is long.
            count += 1;
            if count > DEEPEST {
                return Err("it is too long".to_owned());
            }
            let right = self.binary(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, String> {
        self.rest = self.rest.trim_start();
        if !self.rest.starts_with("!=") && self.take("!") {
            self.deeper()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.take("(") {
            let inner = self.choice()?;
            return if self.take(")") { Ok(inner) } else { Err("a bracket is not closed".to_owned()) };
        }
        if self.take("n") {
            return Ok(Expression::N);
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        let parsed = number.parse::<u32>().map_err(|_| "a number or n is missing".to_owned())?;
        self.rest = rest;
        Ok(Expression::Number(parsed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(rule: &str) -> Vec<Option<usize>> {
        let rule = Plural::parse(rule).unwrap();
        (0..12).map(|number| rule.form(number)).collect()
    }

    #[test]
    fn rules_are_expressions_of_c() {
        let some = |forms: [usize; 12]| forms.map(Some).to_vec();
        assert_eq!(forms("nplurals=2; plural=n != 1;"), some([1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
        assert_eq!(forms("nplurals=3; plural=n<2?n:2"), some([0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]));
        assert_eq!(
            forms("nplurals=5;plural=!n ? 0 : (n - 1) / 2 % 3 + 2 * (n > 8 && !(n == 9))"),
            [0, 0, 0, 1, 1, 2, 2, 0, 0, 1, 3, 4].map(Some).to_vec()
        );
        assert_eq!(forms("nplurals=2; plural=n == 1 == 1"), some([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    }

    #[test]
    fn a_rule_that_names_no_form_gives_none() {
        assert_eq!(forms("nplurals=2; plural=n")[2..], [None; 10]);
        assert_eq!(forms("nplurals=2; plural=1/n")[0], None);
        assert_eq!(Plural::parse("nplurals=2; plural=n*n*n*n").unwrap().form(u64::MAX), None);
    }

    #[test]
    fn what_is_no_rule_is_refused_and_cannot_exhaust_anything() {
        let deep = format!("nplurals=2; plural={}n{}", "(".repeat(300), ")".repeat(300));
        let nots = format!("nplurals=2; plural={}n", "!".repeat(900));
        let chain = format!("nplurals=2; plural=n{}", "+n".repeat(400));
        let long = format!("nplurals=2; plural={}", "n".repeat(2000));
        for rule in [
            "",
            "nplurals=2",
            "plural=n",
            "nplurals=0; plural=0",
            "nplurals=1000; plural=0",
            "nplurals=x; plural=0",
            "nplurals=2; plural=",
            "nplurals=2; plural=n n",
            "nplurals=2; plural=(n",
            "nplurals=2; plural=n ? 1",
            "nplurals=2; plural=m",
            "nplurals=2; plural=n;__import__('os')=1; plural=os.system",
            "nplurals=2; plural=-1",
            "nplurals=2; plural=99999999999999999999",
            &deep,
            &nots,
            &chain,
            &long,
        ] {
            assert!(Plural::parse(rule).is_err(), "{rule}");
        }
    }
}

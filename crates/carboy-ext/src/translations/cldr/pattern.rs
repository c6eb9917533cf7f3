//! The patterns of dates and times: letters stand for fields, text in quotes for itself.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Field(char, usize),
}

/// No pattern of use is longer.
const LONGEST: usize = 1000;

/// How many letters a field may have; nothing for letters that are no field, an empty list for any number.
fn lengths(letter: char) -> Option<&'static [usize]> {
    Some(match letter {
        'y' | 'Y' | 'u' | 'g' | 'S' | 'A' => &[],
        'G' | 'Q' | 'q' | 'M' | 'L' | 'a' | 'b' | 'B' | 'Z' | 'x' | 'X' => &[1, 2, 3, 4, 5],
        'w' | 'h' | 'H' | 'K' | 'k' | 'm' | 's' => &[1, 2],
        'W' | 'F' => &[1],
        'd' | 'D' => &[1, 2, 3],
        'E' | 'e' => &[1, 2, 3, 4, 5, 6],
        'c' => &[1, 3, 4, 5, 6],
        'z' | 'V' => &[1, 2, 3, 4],
        'O' | 'v' => &[1, 4],
        _ => return None,
    })
}

/// Reads a pattern as Babel does.
pub(super) fn parse(pattern: &str) -> Result<Vec<Piece>, String> {
    if pattern.len() > LONGEST {
        return Err("the pattern of a date is too long".to_owned());
    }
    // Two quotes are one, wherever they stand.
    const QUOTE: char = '\0';
    let pattern = pattern.replace("''", "\0");
    let text = |chars: &str| Piece::Text(chars.replace(QUOTE, "'"));
    let mut pieces = Vec::new();
    let mut chars = String::new();
    let mut field: Option<(char, usize)> = None;
    let mut quoted: Option<String> = None;
    for letter in pattern.chars() {
        if let Some(inside) = &mut quoted {
            if letter == '\'' {
                chars.push_str(inside);
                quoted = None;
            } else {
                inside.push(letter);
            }
            continue;
        }
        if letter != '\''
            && let Some((same, count)) = &mut field
            && *same == letter
        {
            *count += 1;
            continue;
        }
        if let Some((letter, count)) = field.take() {
            pieces.push(Piece::Field(letter, count));
        }
        if letter == '\'' {
            if !chars.is_empty() {
                pieces.push(text(&std::mem::take(&mut chars)));
            }
            quoted = Some(String::new());
        } else if lengths(letter).is_some() {
            if !chars.is_empty() {
                pieces.push(text(&std::mem::take(&mut chars)));
            }
            field = Some((letter, 1));
        } else {
            chars.push(letter);
        }
    }
    if let Some((letter, count)) = field {
        pieces.push(Piece::Field(letter, count));
    } else if !chars.is_empty() {
        pieces.push(text(&chars));
    }
    for piece in &pieces {
        if let Piece::Field(letter, count) = piece
            && let Some(allowed) = lengths(*letter)
            && (!allowed.is_empty() && !allowed.contains(count) || *count > 30)
        {
            return Err(format!(
                "Invalid length for field: '{}'",
                letter.to_string().repeat((*count).min(40))
            ));
        }
    }
    Ok(pieces)
}

//! F16: what nobody thought of, on every boundary: the fuzz targets, each for a while.

use super::{Figures, Size};
use crate::{fuzz, process::Done};

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    match size {
        Size::Whole => fuzz::command(&[])?,
        Size::Short => fuzz::short()?,
    }
    figures.exactly("inputs that broke what a target says", 0.0, 0.0, "");
    Ok(())
}

//! Values as searches compare them: exact decimals, ranges of time, normalised text, readings of Chinese names, references.

pub mod decimal;
pub mod pinyin;
pub mod reference;
pub mod text;
pub mod time;

//! The rules of access, as the library keeps them: each by its number, against a naive reading of
//! the rules, and against recorded cases.

mod access;

//! Who may do what.

mod climbs;
mod matrix;
mod own_access;
mod tokens;

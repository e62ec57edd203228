//! What a customer user of a service desk may see, and why.

pub mod directory;

//! What a fresh installation has.

use super::{Plan, Refusal};
use crate::directory::{BackEndFields, BackEndName, Delta, Edit, GroupFields, GroupName, Settings};
use crate::store;

/// Gives a database that was never written its settings, the back end `default` and the groups
/// `users`, `admin` and `stats`.
pub fn installation(plan: &mut Plan) -> Result<(), Refusal> {
    if store::settings(plan.conn)?.is_some() {
        return Ok(());
    }
    plan.edit(Edit::Settings(Box::new(Delta::Created(Settings::fresh()))));
    if let Ok(name) = BackEndName::parse("default") {
        super::back_ends::create(plan, BackEndFields::new(name))?;
    }
    for name in ["users", "admin", "stats"] {
        if let Ok(name) = GroupName::parse(name) {
            super::groups::create(plan, GroupFields::new(name))?;
        }
    }
    Ok(())
}

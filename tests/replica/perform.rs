//! From an act to the plan function that does it.

use customer_access::directory::{
    BackEnd, BackEndFields, BackEndName, BackEndPatch, Comment, Context, Customer, CustomerFields, CustomerId,
    CustomerPatch, CustomerUser, CustomerUserPatch, Group, GroupFields, GroupName, GroupPatch, Kind, Login, Patch,
    PermissionName, Reference, Service, ServiceFields, ServiceName, ServicePatch, Text,
};
use customer_access::plan::matrices::{self, GrantCell, GrantDelta, GrantMatrix, MarkCell, MarkDelta, MarkMatrix};
use customer_access::plan::settings::{ContextPatch, ContextsPatch, PermissionTypePatch, SettingsPatch};
use customer_access::plan::{
    self, OnExisting, Plan, Powers, Precondition, Refusal, back_ends, customer_users, customers, groups, links, rolls,
    services, settings,
};
use customer_access::store::{Conn, by_number};

use super::acts::{Act, Ends, SettingsAct, ThingAct, Way};

/// What a plan says is so now.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "there are few of them")]
pub enum Said {
    Customer(Customer),
    CustomerUser(CustomerUser),
    Group(Group),
    Service(Service),
    BackEnd(BackEnd),
    Nothing,
}

impl Said {
    /// Holds what was said against what is stored.
    #[track_caller]
    pub fn check(&self, conn: &mut Conn) {
        match self {
            Said::Customer(it) => assert_eq!(Some(it), by_number(conn, it.number).expect("a read").as_ref()),
            Said::CustomerUser(it) => assert_eq!(Some(it), by_number(conn, it.number).expect("a read").as_ref()),
            Said::Group(it) => assert_eq!(Some(it), by_number(conn, it.number).expect("a read").as_ref()),
            Said::Service(it) => assert_eq!(Some(it), by_number(conn, it.number).expect("a read").as_ref()),
            Said::BackEnd(it) => assert_eq!(Some(it), by_number(conn, it.number).expect("a read").as_ref()),
            Said::Nothing => {}
        }
    }
}

/// Plans the act.
pub fn perform(plan: &mut Plan, act: &Act) -> Result<Said, Refusal> {
    let none = &Precondition::None;
    match act {
        Act::Thing(act) => {
            return match act.kind {
                Kind::Customer => customer(plan, act),
                Kind::CustomerUser => customer_user(plan, act),
                Kind::Group => group(plan, act),
                Kind::Service => service(plan, act),
                Kind::BackEnd => back_end(plan, act),
            };
        }
        Act::CustomerGroup(customer, group, context, of) => {
            links::set_customer_group(plan, customer, group, *context, &names(of), none).map(drop)
        }
        Act::CustomerUserGroup(person, group, of) => {
            links::set_customer_user_group(plan, person, group, &names(of), none).map(drop)
        }
        Act::CustomerUserService(person, service, linked) => {
            links::set_customer_user_service(plan, person, service, *linked, none).map(drop)
        }
        Act::Membership(person, customer, member) => {
            links::set_membership(plan, person, customer, *member, none).map(drop)
        }
        Act::Grants(ends, subject, cells) => grants(plan, *ends, subject, cells),
        Act::Marks(ends, subject, cells) => marks(plan, *ends, subject, cells),
        Act::Roll(roll, of, listed) => rolls::set(plan, *roll, of, *listed, none).map(drop),
        Act::Rolls(roll, of) => rolls::replace(plan, *roll, of, &Precondition::Exists),
        Act::Settings(act) => settings::patch(plan, settings_patch(act), &Precondition::Exists).map(drop),
    }?;
    Ok(Said::Nothing)
}

fn grants(
    plan: &mut Plan,
    ends: Ends,
    subject: &Reference,
    cells: &[(Reference, Context, Vec<&'static str>)],
) -> Result<(), Refusal> {
    let matrix = match ends {
        (Kind::Customer, _) => GrantMatrix::GroupsOfCustomer(plan.find::<Customer>(subject)?.number),
        (Kind::CustomerUser, _) => GrantMatrix::GroupsOfCustomerUser(plan.find::<CustomerUser>(subject)?.number),
        (_, Kind::Customer) => GrantMatrix::CustomersOfGroup(plan.find::<Group>(subject)?.number),
        _ => GrantMatrix::CustomerUsersOfGroup(plan.find::<Group>(subject)?.number),
    };
    let cell = |(row, context, of): &(Reference, Context, Vec<&'static str>)| GrantCell {
        row: row.clone(),
        context: if matrix.has_contexts() { *context } else { Context::default() },
        permissions: names(of),
        expected: None,
    };
    let delta = GrantDelta { links_version: None, cells: cells.iter().map(cell).collect() };
    matrices::save_grants(plan, matrix, &delta).map(drop)
}

fn marks(plan: &mut Plan, ends: Ends, subject: &Reference, cells: &[(Reference, bool)]) -> Result<(), Refusal> {
    let matrix = match ends {
        (Kind::CustomerUser, kind) => {
            let number = plan.find::<CustomerUser>(subject)?.number;
            if kind == Kind::Service {
                MarkMatrix::ServicesOfCustomerUser(number)
            } else {
                MarkMatrix::CustomersOfCustomerUser(number)
            }
        }
        (Kind::Service, _) => MarkMatrix::CustomerUsersOfService(plan.find::<Service>(subject)?.number),
        _ => MarkMatrix::CustomerUsersOfCustomer(plan.find::<Customer>(subject)?.number),
    };
    let cell = |(row, granted): &(Reference, bool)| MarkCell { row: row.clone(), granted: *granted, expected: None };
    let delta = MarkDelta { links_version: None, cells: cells.iter().map(cell).collect() };
    matrices::save_marks(plan, matrix, &delta).map(drop)
}

fn names(of: &[&str]) -> Vec<PermissionName> {
    of.iter().map(|name| PermissionName::parse(name).expect("a permission type")).collect()
}

fn comment(act: &ThingAct) -> Patch<Comment> {
    act.comment.as_deref().map_or(Patch::Clear, |text| Patch::Set(Comment::parse(text).expect("a comment")))
}

fn on_existing(adopt: bool) -> OnExisting {
    if adopt { OnExisting::Adopt } else { OnExisting::Refuse }
}

fn powers(act: &ThingAct) -> Powers {
    if act.may_all { Powers::ALL } else { Powers::default() }
}

/// A merge by external id, where only a PUT does it.
fn external(id: &Option<customer_access::directory::ExternalId>, act: &ThingAct) -> Reference {
    id.clone().map_or_else(|| act.reference.clone(), Reference::External)
}

fn customer(plan: &mut Plan, act: &ThingAct) -> Result<Said, Refusal> {
    let (reference, when) = (&act.reference, &act.precondition);
    let patch = |key: Option<&String>| CustomerPatch {
        customer_id: key.map(|key| CustomerId::parse(key).expect("a key")),
        name: act.comment.as_deref().map_or(Patch::Untouched, |text| Patch::Set(Text::parse(text).expect("a name"))),
        comment: comment(act),
        validity: Some(act.validity),
        ..CustomerPatch::default()
    };
    let customer = match &act.way {
        Way::Create => {
            let key = CustomerId::parse(&act.key).expect("a key");
            customers::create(plan, CustomerFields::new(key).patched(patch(None)))?
        }
        Way::Put => customers::put(plan, reference, patch(None), OnExisting::Refuse, when)?.0,
        Way::Patch(to) => customers::patch(plan, reference, patch(to.as_ref()), when)?,
        Way::Upsert(id, adopt) => {
            customers::upsert(plan, id.as_ref(), patch(Some(&act.key)), on_existing(*adopt), when)?.0
        }
        Way::Delete { force } => return customers::delete(plan, reference, *force, when).map(|()| Said::Nothing),
        Way::Give(id) => plan::give_external_id::<Customer>(plan, reference, id.clone(), when)?.0,
        Way::Take(id) => {
            return plan::take_external_id::<Customer>(plan, reference, id, when).map(|()| Said::Nothing);
        }
    };
    Ok(Said::Customer(customer))
}

fn customer_user(plan: &mut Plan, act: &ThingAct) -> Result<Said, Refusal> {
    let (reference, when, powers) = (&act.reference, &act.precondition, powers(act));
    let patch = |key: Option<&String>| CustomerUserPatch {
        login: key.map(|key| Login::parse(key).expect("a login")),
        comment: comment(act),
        customer: act.customer.clone().map_or(Patch::Untouched, Patch::Set),
        back_end: act.back_end.clone(),
        validity: Some(act.validity),
        ..CustomerUserPatch::default()
    };
    let person = match &act.way {
        Way::Create => customer_users::create(plan, patch(Some(&act.key)), powers)?,
        Way::Put => customer_users::put(plan, reference, patch(None), OnExisting::Adopt, powers, when)?.0,
        Way::Patch(to) => customer_users::patch(plan, reference, patch(to.as_ref()), powers, when)?,
        Way::Upsert(id, adopt) => {
            let on_existing = on_existing(*adopt);
            customer_users::upsert(plan, id.as_ref(), patch(Some(&act.key)), on_existing, powers, when)?.0
        }
        Way::Delete { force } => {
            return customer_users::delete(plan, reference, *force, powers, when).map(|()| Said::Nothing);
        }
        Way::Give(id) => plan::give_external_id::<CustomerUser>(plan, reference, id.clone(), when)?.0,
        Way::Take(id) => {
            return plan::take_external_id::<CustomerUser>(plan, reference, id, when).map(|()| Said::Nothing);
        }
    };
    Ok(Said::CustomerUser(person))
}

fn group(plan: &mut Plan, act: &ThingAct) -> Result<Said, Refusal> {
    let (reference, when) = (&act.reference, &act.precondition);
    let patch = |key: Option<&String>| GroupPatch {
        name: key.map(|key| GroupName::parse(key).expect("a name")),
        comment: comment(act),
        validity: Some(act.validity),
    };
    let group = match &act.way {
        Way::Create => {
            let name = GroupName::parse(&act.key).expect("a name");
            groups::create(plan, GroupFields::new(name).patched(patch(None)))?
        }
        Way::Put => groups::put(plan, reference, patch(None), OnExisting::Refuse, when)?.0,
        Way::Patch(to) => groups::patch(plan, reference, patch(to.as_ref()), when)?,
        Way::Upsert(id, adopt) => {
            let on_existing = on_existing(*adopt);
            groups::put(plan, &external(id, act), patch(Some(&act.key)), on_existing, when)?.0
        }
        Way::Delete { force } => return groups::delete(plan, reference, *force, when).map(|()| Said::Nothing),
        Way::Give(id) => plan::give_external_id::<Group>(plan, reference, id.clone(), when)?.0,
        Way::Take(id) => return plan::take_external_id::<Group>(plan, reference, id, when).map(|()| Said::Nothing),
    };
    Ok(Said::Group(group))
}

fn service(plan: &mut Plan, act: &ThingAct) -> Result<Said, Refusal> {
    let (reference, when) = (&act.reference, &act.precondition);
    let patch = |key: Option<&String>| ServicePatch {
        name: key.map(|key| ServiceName::parse(key).expect("a name")),
        comment: comment(act),
        validity: Some(act.validity),
    };
    let service = match &act.way {
        Way::Create => {
            let name = ServiceName::parse(&act.key).expect("a name");
            services::create(plan, ServiceFields::new(name).patched(patch(None)))?
        }
        Way::Put => services::put(plan, reference, patch(None), OnExisting::Refuse, when)?.0,
        Way::Patch(to) => services::patch(plan, reference, patch(to.as_ref()), when)?,
        Way::Upsert(id, adopt) => {
            let on_existing = on_existing(*adopt);
            services::put(plan, &external(id, act), patch(Some(&act.key)), on_existing, when)?.0
        }
        Way::Delete { force } => return services::delete(plan, reference, *force, when).map(|()| Said::Nothing),
        Way::Give(id) => plan::give_external_id::<Service>(plan, reference, id.clone(), when)?.0,
        Way::Take(id) => return plan::take_external_id::<Service>(plan, reference, id, when).map(|()| Said::Nothing),
    };
    Ok(Said::Service(service))
}

fn back_end(plan: &mut Plan, act: &ThingAct) -> Result<Said, Refusal> {
    let (reference, when) = (&act.reference, &act.precondition);
    let patch = |key: Option<&String>| BackEndPatch {
        name: key.map(|key| BackEndName::parse(key).expect("a name")),
        group_support: Some(act.flags.0),
        read_only: Some(act.flags.1),
        comment: comment(act),
    };
    let back_end = match &act.way {
        Way::Create | Way::Give(_) => {
            let name = BackEndName::parse(&act.key).expect("a name");
            back_ends::create(plan, BackEndFields::new(name).patched(patch(None)))?
        }
        Way::Put | Way::Upsert(..) | Way::Take(_) => back_ends::put(plan, reference, patch(None), when)?.0,
        Way::Patch(to) => back_ends::patch(plan, reference, patch(to.as_ref()), when)?,
        Way::Delete { .. } => return back_ends::delete(plan, reference, when).map(|()| Said::Nothing),
    };
    Ok(Said::BackEnd(back_end))
}

fn settings_patch(act: &SettingsAct) -> SettingsPatch {
    let permission_type = |name: &&str| PermissionTypePatch {
        name: PermissionName::parse(name).expect("a permission type"),
        label: act.label.as_deref().map_or(Patch::Untouched, |label| Patch::Set(Text::parse(label).expect("a label"))),
        description: Patch::Untouched,
    };
    let context = |enabled| ContextPatch { enabled, ..ContextPatch::default() };
    SettingsPatch {
        group_support: act.group_support,
        permission_types: act.types.as_ref().map(|types| types.iter().map(permission_type).collect()),
        contexts: Some(ContextsPatch { same_customer: None, other_customers: Some(context(act.other_customers)) }),
        default_services_for_unknown_customer_users: act.for_unknown,
        company_access: act.company_access,
    }
}

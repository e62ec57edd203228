//! Rule 7: whatever the directory and however it came to be, every way of asking gives what the
//! naive reading of the rules gives; and an index that followed changes is one built from scratch.

use customer_access::access::{Gathered, Index};
use customer_access::directory::Change;
use proptest::prelude::*;

use super::acts::acts;
use super::change_sequences::{from_scratch, revisions};
use super::questions::*;

fn index<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Index {
    let mut index = Index::default();
    changes.into_iter().for_each(|change| index.apply(change));
    index
}

/// The same, gathered in two parts first.
fn gathered(facts: &[Change]) -> Index {
    let is_of_half = |fact: &&Change| match fact {
        Change::CustomerUserPut { id, .. } => id.0 > 2,
        Change::CustomerUserGroupLinkSet(link) => link.customer_user.0 > 2,
        Change::CustomerUserServiceLinkSet(link) => link.customer_user.0 > 2,
        Change::CustomerMembershipSet(membership) => membership.customer_user.0 > 2,
        _ => false,
    };
    let (half, rest): (Vec<&Change>, Vec<&Change>) = facts.iter().partition(is_of_half);
    let mut index = Index::default();
    for (first, facts) in [(3, half), (0, rest)] {
        let mut gathered = Gathered::from(first, 3);
        facts.into_iter().for_each(|fact| gathered.add(fact.clone()));
        index.take_in(gathered);
    }
    index
}

fn facts(index: &Index) -> Vec<String> {
    index.facts()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rule_4_every_source_is_the_one_of_the_rules(acts in acts()) {
        let (revisions, naive) = revisions(&acts);
        check_group_answers(&naive, &index(revisions.iter().flatten()));
    }

    #[test]
    fn rule_5_every_service_is_the_one_of_the_rules(acts in acts()) {
        let (revisions, naive) = revisions(&acts);
        check_services(&naive, &index(revisions.iter().flatten()));
    }

    #[test]
    fn rule_6_every_thing_is_reached_by_the_rules(acts in acts()) {
        let (revisions, naive) = revisions(&acts);
        check_thing_answers(&naive, &index(revisions.iter().flatten()));
    }

    #[test]
    fn rule_7_all_directions_agree(acts in acts()) {
        let (revisions, naive) = revisions(&acts);
        let index = index(revisions.iter().flatten());
        check_effective(&naive, &index);
        check_who_has_permissions(&naive, &index);
        check_who_has_services(&naive, &index);
        check_thing_filters(&naive, &index);
    }

    #[test]
    fn an_index_that_followed_changes_is_one_built_from_scratch(acts in acts()) {
        let (revisions, naive) = revisions(&acts);
        let built = from_scratch(&naive);
        let followed = index(revisions.iter().flatten());
        prop_assert_eq!(facts(&followed), facts(&index(&built)));
        prop_assert_eq!(facts(&followed), facts(&index(built.iter().rev())), "in any order");
        prop_assert_eq!(facts(&followed), facts(&gathered(&built)), "gathered");
        let mut at_once = Index::default();
        at_once.apply_all(&revisions.concat());
        prop_assert_eq!(facts(&followed), facts(&at_once), "at once");
        prop_assert!(followed.same_facts(&followed.clone()));
    }

    #[test]
    fn applying_twice_is_applying_once(acts in acts()) {
        let (revisions, _) = revisions(&acts);
        let once = index(revisions.iter().flatten());
        let each_change = revisions.iter().flatten().flat_map(|change| [change, change]);
        prop_assert_eq!(facts(&once), facts(&index(each_change)));
        let each_revision = revisions.iter().flat_map(|revision| revision.iter().chain(revision));
        prop_assert_eq!(facts(&once), facts(&index(each_revision)));
    }

    #[test]
    fn the_order_within_a_revision_does_not_matter(acts in acts()) {
        let (revisions, _) = revisions(&acts);
        let reversed = revisions.iter().flat_map(|revision| revision.iter().rev());
        prop_assert_eq!(facts(&index(revisions.iter().flatten())), facts(&index(reversed)));
    }
}

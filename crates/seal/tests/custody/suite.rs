//! What holds of every custodian.

use tacebo_seal::{Custodian, DestructionReceipt, Keyring, Realm, SealError, Suite, Worth};

const KEY: [u8; 32] = [9; 32];
const HERE: Realm = Realm(1);

/// How a custodian is made for the first time, and found again by a program that starts.
pub(crate) struct Kind<'a> {
    pub(crate) create: &'a dyn Fn() -> Box<dyn Custodian>,
    pub(crate) open: &'a dyn Fn() -> Result<Box<dyn Custodian>, SealError>,
    pub(crate) worth: Worth,
}

/// Everything, on one custodian after another's traces.
pub(crate) fn holds(kind: &Kind<'_>) {
    let custodian = (kind.create)();
    assert_eq!((custodian.epoch(), custodian.epochs(), custodian.worth()), (1, vec![1], kind.worth));
    custodian.answers().unwrap();
    let wrapped = wraps_for_one_realm_and_epoch(&*custodian);
    refuses_every_changed_byte(&*custodian, &wrapped);
    keeps_realms_of_its_own_suite_or_of_any(&*custodian);
    let wrapped = turns_and_is_found_again(kind, &*custodian, &wrapped);
    destroys_what_is_old_only(kind, custodian, &wrapped);
    two_that_are_open_do_not_undo_each_other(kind);
    ends_with_everything_gone(kind);
}

fn wraps_for_one_realm_and_epoch(custodian: &dyn Custodian) -> Vec<u8> {
    let wrapped = custodian.wrap(HERE, 1, &KEY).unwrap();
    assert_eq!(*custodian.unwrap(HERE, 1, &wrapped).unwrap(), KEY);
    assert_ne!(custodian.wrap(HERE, 1, &KEY).unwrap(), wrapped, "two wrappings of one key look alike");
    assert!(!wrapped.windows(4).any(|bytes| bytes == &KEY[..4]));
    assert!(matches!(custodian.unwrap(Realm(2), 1, &wrapped), Err(SealError::KeyUnreadable)));
    assert!(matches!(custodian.unwrap(HERE, 2, &wrapped), Err(SealError::EpochGone(2))));
    assert!(matches!(custodian.wrap(HERE, 2, &KEY), Err(SealError::EpochGone(2))));
    wrapped
}

fn refuses_every_changed_byte(custodian: &dyn Custodian, wrapped: &[u8]) {
    for at in 0..wrapped.len() {
        let mut changed = wrapped.to_vec();
        changed[at] ^= 1;
        assert!(custodian.unwrap(HERE, 1, &changed).is_err(), "byte {at}");
    }
    for cut in [0, 1, 2, 13, wrapped.len() - 1] {
        assert!(custodian.unwrap(HERE, 1, &wrapped[..cut]).is_err(), "cut at {cut}");
    }
    assert!(custodian.unwrap(HERE, 1, &[wrapped, &[0]].concat()).is_err());
    // None of it has hurt anything.
    assert_eq!(*custodian.unwrap(HERE, 1, wrapped).unwrap(), KEY);
}

/// A module wraps with what it offers: realms of every suite hang on it. A file is of one suite.
fn keeps_realms_of_its_own_suite_or_of_any(custodian: &dyn Custodian) {
    for suite in Suite::ALL {
        match Keyring::create(custodian, HERE, suite) {
            Ok((_, rows)) => assert_eq!(Keyring::unlock(custodian, HERE, rows).unwrap().suite(), suite),
            Err(error) => {
                assert!(custodian.suite().is_some_and(|own| own != suite));
                assert!(matches!(error, SealError::OtherSuite { here, .. } if here == suite));
            }
        }
    }
}

fn turns_and_is_found_again(kind: &Kind<'_>, custodian: &dyn Custodian, wrapped: &[u8]) -> Vec<u8> {
    assert_eq!(custodian.turn().unwrap(), 2);
    assert_eq!((custodian.epoch(), custodian.epochs()), (2, vec![1, 2]));
    let anew = custodian.wrap(HERE, 2, &KEY).unwrap();
    assert!(matches!(custodian.unwrap(HERE, 2, wrapped), Err(SealError::KeyUnreadable)));
    assert_ne!(custodian.fingerprint(1).unwrap(), custodian.fingerprint(2).unwrap());

    let again = (kind.open)().unwrap();
    assert_eq!((again.epoch(), again.epochs(), again.worth()), (2, vec![1, 2], kind.worth));
    assert_eq!(*again.unwrap(HERE, 1, wrapped).unwrap(), KEY);
    assert_eq!(*again.unwrap(HERE, 2, &anew).unwrap(), KEY);
    assert_eq!(again.fingerprint(1).unwrap(), custodian.fingerprint(1).unwrap());
    wrapped.to_vec()
}

fn destroys_what_is_old_only(kind: &Kind<'_>, custodian: Box<dyn Custodian>, wrapped: &[u8]) {
    assert!(matches!(custodian.destroy(2), Err(SealError::EpochInUse(2))));
    assert!(matches!(custodian.destroy(7), Err(SealError::EpochGone(7))));
    let fingerprint = custodian.fingerprint(1).unwrap();
    let receipt = custodian.destroy(1).unwrap();
    assert_eq!((receipt.epoch(), receipt.worth(), receipt.fingerprint()), (1, kind.worth, &fingerprint));
    assert!(receipt.to_string().contains(kind.worth.word()));
    assert!(matches!(custodian.destroy(1), Err(SealError::EpochGone(1))));
    assert!(matches!(custodian.unwrap(HERE, 1, wrapped), Err(SealError::EpochGone(1))));
    assert!(matches!(custodian.fingerprint(1), Err(SealError::EpochGone(1))));
    drop(custodian);
    let again = (kind.open)().unwrap();
    assert_eq!((again.epoch(), again.epochs()), (2, vec![2]));
    assert!(matches!(again.unwrap(HERE, 1, wrapped), Err(SealError::EpochGone(1))));
}

fn two_that_are_open_do_not_undo_each_other(kind: &Kind<'_>) {
    let (one, two) = ((kind.open)().unwrap(), (kind.open)().unwrap());
    assert_eq!(two.turn().unwrap(), 3);
    let wrapped = two.wrap(HERE, 3, &KEY).unwrap();
    assert!(matches!(one.turn(), Err(SealError::CustodyChanged)));
    assert!(matches!(one.retire(), Err(SealError::CustodyChanged)));
    assert_eq!((one.epoch(), one.epochs()), (2, vec![2]), "memory ran ahead of what is kept");
    let again = (kind.open)().unwrap();
    assert_eq!(again.epochs(), [2, 3]);
    assert_eq!(*again.unwrap(HERE, 3, &wrapped).unwrap(), KEY);
}

fn ends_with_everything_gone(kind: &Kind<'_>) {
    let custodian = (kind.open)().unwrap();
    let wrapped = custodian.wrap(HERE, 3, &KEY).unwrap();
    let expected: Vec<_> = [2, 3].map(|epoch| (epoch, custodian.fingerprint(epoch).unwrap())).into();
    let receipts = custodian.retire().unwrap();
    let told = |receipt: &DestructionReceipt| (receipt.epoch(), *receipt.fingerprint());
    assert_eq!(receipts.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(receipts.iter().all(|receipt| receipt.worth() == kind.worth));
    assert!(custodian.epochs().is_empty());
    assert!(custodian.answers().is_err(), "a custodian that was ended answers as if it held the key");
    assert!(matches!(custodian.unwrap(HERE, 3, &wrapped), Err(SealError::EpochGone(3))));
    assert!((kind.open)().is_err(), "a custodian that was ended opens again");
    // The place is free for another.
    let next = (kind.create)();
    assert!(next.unwrap(HERE, 1, &wrapped).is_err());
}

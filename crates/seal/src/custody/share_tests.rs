// Included once for each suite, as `SUITE`.

use crate::custody::share::*;
use proptest::prelude::*;

fn key(byte: u8) -> Secret {
    Secret::copy_of(&[byte; KEY]).unwrap()
}

fn plan(shares: u8, need: u8) -> SharePlan {
    SharePlan::new(shares, need).unwrap()
}

fn fault(shares: &[Share]) -> ShareFault {
    match combine(shares).unwrap_err() {
        SealError::Share(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn copy(share: &Share) -> Share {
    share.to_string().parse().unwrap()
}

/// Every choice of `n` of them.
fn choices(shares: &[Share], n: usize) -> Vec<Vec<Share>> {
    let all = 0u32..1 << shares.len();
    let chosen = all.filter(|bits| bits.count_ones() as usize == n);
    chosen
        .map(|bits| shares.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, s)| copy(s)).collect())
        .collect()
}

#[test]
fn any_three_of_five_bring_the_key_back_and_no_two() {
    let root = Secret::random().unwrap();
    let shares = split("log.hospital.example", SUITE, 7, &root, plan(5, 3)).unwrap();
    for chosen in (3..=5).flat_map(|n| choices(&shares, n)) {
        let (suite, (epoch, back)) = combine(&chosen).unwrap();
        assert_eq!((suite, epoch, back.bytes()), (SUITE, 7, root.bytes()));
    }
    for chosen in choices(&shares, 2) {
        assert_eq!(fault(&chosen), ShareFault::TooFew { have: 2, need: 3 });
    }
    // One share twice is one share.
    assert_eq!(fault(&[copy(&shares[0]), copy(&shares[0]), copy(&shares[1])]), ShareFault::TooFew { have: 2, need: 3 });
    assert_eq!(fault(&[]), ShareFault::TooFew { have: 0, need: 2 });
}

#[test]
fn too_few_shares_tell_nothing_of_the_key_even_put_together_by_force() {
    // Two points of a curve of degree two: whoever takes them for a line gets some other key.
    let root = key(0x42);
    for _ in 0..20 {
        let shares = split("h", SUITE, 1, &root, plan(5, 3)).unwrap();
        let points: Vec<Vec<u8>> =
            shares[..2].iter().map(|share| [&[share.number][..], &*share.bytes].concat()).collect();
        assert_ne!(Gf256::combine_bytes(&points).unwrap(), root.bytes());
    }
}

#[test]
fn a_share_is_put_together_by_the_textbook_formula() {
    // Lagrange at zero over GF(2⁸) with polynomial 0x11b, written out for 1 of 2 points: independent of the library.
    fn times(mut a: u8, mut b: u8) -> u8 {
        let mut out = 0;
        while b > 0 {
            if b & 1 == 1 {
                out ^= a;
            }
            a = a << 1 ^ if a & 0x80 == 0 { 0 } else { 0x1b };
            b >>= 1;
        }
        out
    }
    let inverse = |a: u8| (1..=255).find(|b| times(a, *b) == 1).unwrap();
    let root = Secret::random().unwrap();
    let shares = split("h", SUITE, 1, &root, plan(3, 2)).unwrap();
    let (x, y) = (shares[0].number, shares[2].number);
    let at_zero = |a: u8, b: u8| times(a, times(y, inverse(x ^ y))) ^ times(b, times(x, inverse(x ^ y)));
    let key: Vec<u8> = shares[0].bytes.iter().zip(shares[2].bytes.iter()).map(|(a, b)| at_zero(*a, *b)).collect();
    assert_eq!(key, root.bytes());
}

#[test]
fn shares_that_do_not_belong_together_are_named_by_what_differs() {
    let root = key(1);
    let make = |institution, epoch, root, plan| split(institution, SUITE, epoch, root, plan).unwrap();
    let shares = make("a", 1, &root, plan(3, 2));
    let mixed = |other: Vec<Share>| fault(&[copy(&shares[0]), copy(&other[1])]);
    assert_eq!(mixed(make("b", 1, &root, plan(3, 2))), ShareFault::Mixed("institution"));
    assert_eq!(mixed(make("a", 2, &root, plan(3, 2))), ShareFault::Mixed("root-epoch"));
    assert_eq!(mixed(make("a", 1, &root, plan(3, 2))), ShareFault::Mixed("set"));
    let mut other = make("a", 1, &key(2), plan(3, 2));
    for share in &mut other {
        share.of.set = shares[0].of.set;
    }
    assert_eq!(mixed(other), ShareFault::Mixed("key"));
}

#[test]
fn a_forged_share_does_not_give_another_key() {
    let shares = split("a", SUITE, 1, &key(1), plan(3, 2)).unwrap();
    let mut forged = copy(&shares[1]);
    forged.bytes[0] ^= 1;
    assert_eq!(fault(&[copy(&shares[0]), copy(&forged)]), ShareFault::WrongKey);
    assert_eq!(fault(&[copy(&shares[1]), forged]), ShareFault::Twice(2));
}

#[test]
fn senseless_numbers_of_shares_are_refused() {
    for (shares, need) in [(1, 1), (5, 1), (5, 6), (0, 0), (33, 3), (255, 255)] {
        assert_eq!(SharePlan::new(shares, need), Err(ShareFault::Plan), "{need} of {shares}");
    }
}

#[test]
fn a_share_survives_being_printed_and_typed_in_again() {
    let shares = split("市第一医院  log.hospital.example", SUITE, 3, &key(5), plan(3, 2)).unwrap();
    let text = shares[1].to_string();
    assert!(text.lines().all(|line| line.chars().count() < 110), "{text}");
    let typed = text.to_lowercase().lines().map(|line| format!("  {line}  \r\n")).collect::<Vec<_>>().join("\n");
    let typed = format!("Keep this.\n\n{}\nfooter: 3\n", typed.replace(" [", "  [").replace("part-2: ", "part-2:"));
    let share: Share = typed.parse().unwrap();
    assert_eq!(share.to_string(), text);
    assert_eq!((share.institution(), share.epoch()), ("市第一医院 log.hospital.example", 3));
    assert_eq!((share.number(), share.shares(), share.need()), (2, 3, 2));
    assert!(!format!("{share:?}").contains(&hex::encode(&share.bytes[..4])));
}

#[test]
fn every_mistyped_character_of_a_value_is_found_and_its_line_named() {
    let shares = split("log.hospital.example", SUITE, 3, &key(5), plan(3, 2)).unwrap();
    let text = shares[0].to_string();
    for (at, line) in text.lines().enumerate() {
        let (name, value) = line.split_once(": ").unwrap();
        for (place, was) in value.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()) {
            let other = if was == '7' { '1' } else { '7' };
            let mut changed = value.to_owned();
            changed.replace_range(place..=place, &other.to_string());
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines[at] = format!("{name}: {changed}");
            let said = lines.join("\n").parse::<Share>().unwrap_err();
            assert_eq!(said, ShareFault::Mistyped(name.to_owned()), "{changed}");
        }
        let without: Vec<&str> = text.lines().filter(|other| *other != line).collect();
        assert!(matches!(without.join("\n").parse::<Share>(), Err(ShareFault::NoShare(_))));
    }
    // A line of another share of the same set.
    let other = shares[1].to_string();
    let swapped: Vec<&str> = text.lines().take(7).chain(other.lines().skip(7)).collect();
    assert_eq!(swapped.join("\n").parse::<Share>().unwrap_err(), ShareFault::Mistyped("part-1".to_owned()));
}

proptest! {
    #[test]
    fn whatever_is_typed_in_is_a_share_or_an_error(text in "\\PC{0,200}", cut in 0usize..600) {
        prop_assert!(text.parse::<Share>().is_err());
        let whole = split("log", SUITE, 1, &key(1), plan(2, 2)).unwrap()[0].to_string();
        let cut: String = whole.chars().take(cut).collect();
        if let Ok(share) = cut.parse::<Share>() {
            prop_assert_eq!(share.to_string(), whole);
        }
    }
}

//! What sealing costs beside the bare cipher, in one run: the ratio is what counts, not the machine.

#![expect(clippy::expect_used, reason = "a bench that cannot go on should stop")]

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tacebo_seal::{Category, Custodian, Effort, Keyring, Part, PassphraseFile, Place, Realm, SubjectNo, Suite};
use tacebo_shangmi::Sm4Gcm;

const SIZES: [usize; 4] = [64, 1024, 16 * 1024, 1024 * 1024];

struct House {
    _folder: tempfile::TempDir,
    custodian: PassphraseFile,
}

fn house(suite: Suite) -> House {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("root.keys");
    let custodian = PassphraseFile::create(&path, "a bench passphrase", Effort::LEAST, suite).expect("a root key file");
    House { _folder: folder, custodian }
}

fn place() -> Place<'static> {
    Place {
        realm: Realm(1),
        subject: SubjectNo(7),
        category: Category(1),
        kind: "Observation",
        id: b"0123456789abcdef",
        version: 3,
        part: Part::Body,
    }
}

/// The bare cipher of a suite: one key, one call for a whole message.
enum Bare {
    Aes(Box<LessSafeKey>),
    Sm4(Sm4Gcm),
}

impl Bare {
    fn of(suite: Suite) -> Self {
        match suite {
            Suite::Shangmi => Self::Sm4(Sm4Gcm::new(&[7; 16])),
            _ => Self::Aes(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("a key")).into()),
        }
    }

    fn seal(&self, nonce: [u8; 12], plain: &[u8]) -> Vec<u8> {
        match self {
            Self::Aes(key) => {
                let mut out = Vec::with_capacity(plain.len() + 16);
                out.extend_from_slice(plain);
                key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut out)
                    .expect("sealed");
                out
            }
            Self::Sm4(key) => {
                let mut out = vec![0; plain.len() + 16];
                key.seal(&nonce, &[], plain, &mut out).expect("sealed");
                out
            }
        }
    }
}

fn messages(c: &mut Criterion) {
    for suite in Suite::ALL {
        messages_in(c, suite);
    }
}

fn messages_in(c: &mut Criterion, suite: Suite) {
    let house = house(suite);
    let (ring, _) = Keyring::create(&house.custodian, Realm(1), suite).expect("a ring");
    let (key, wrapped) = ring.new_data_key(SubjectNo(7), Category(1)).expect("a data key");
    let bare = Bare::of(suite);
    for size in SIZES {
        let plain = vec![0x5a; size];
        let mut group = c.benchmark_group(format!("{suite}, {size} bytes"));
        group.throughput(Throughput::Bytes(size as u64));
        let mut counter = 0u64;
        group.bench_function("bare cipher", |b| {
            b.iter(|| {
                counter += 1;
                let mut nonce = [0; 12];
                nonce[..8].copy_from_slice(&counter.to_be_bytes());
                bare.seal(nonce, black_box(&plain))
            });
        });
        group.bench_function("seal", |b| {
            b.iter(|| key.seal(&place(), black_box(&plain)).expect("sealed"));
        });
        let sealed = key.seal(&place(), &plain).expect("sealed");
        group.bench_function("open", |b| {
            b.iter(|| key.open(&place(), black_box(sealed.as_bytes())).expect("opened"));
        });
        group.finish();
    }
    c.bench_function(&format!("{suite}, open 16 KiB in the middle of 1 MiB"), |b| {
        let sealed = key.seal(&place(), &vec![1; 1024 * 1024]).expect("sealed");
        b.iter(|| key.open_range(&place(), sealed.as_bytes(), 500_000..516_384).expect("opened"));
    });
    c.bench_function(&format!("{suite}, unwrap a data key"), |b| {
        b.iter(|| ring.unwrap(SubjectNo(7), Category(1), black_box(&wrapped)).expect("a key"));
    });
    c.bench_function(&format!("{suite}, blind term"), |b| {
        let blinder = ring.blinder().expect("a blinder");
        b.iter(|| blinder.term("identifier", black_box("110101199003070000")));
    });
}

fn realms(c: &mut Criterion) {
    for suite in Suite::ALL {
        realms_in(c, suite);
    }
}

fn realms_in(c: &mut Criterion, suite: Suite) {
    let house = house(suite);
    let (ring, rows) = Keyring::create(&house.custodian, Realm(1), suite).expect("a ring");
    c.bench_function(&format!("{suite}, unlock 4096 buckets"), |b| {
        b.iter_batched(
            || rows.clone(),
            |rows| Keyring::unlock(&house.custodian, Realm(1), rows).expect("a ring"),
            BatchSize::LargeInput,
        );
    });
    house.custodian.turn().expect("a new epoch");
    c.bench_function(&format!("{suite}, turn the epoch of 4096 buckets"), |b| {
        b.iter(|| ring.turn_epoch(&house.custodian).expect("turned"));
    });
    let subject = SubjectNo(5);
    let keys: Vec<_> = (0..400u16)
        .map(|n| {
            let category = Category(n.to_be_bytes()[1]);
            let (_, wrapped) = ring.new_data_key(subject, category).expect("a key");
            (subject, category, wrapped)
        })
        .collect();
    c.bench_function(&format!("{suite}, destroy one category among 400 keys of a bucket"), |b| {
        b.iter_batched(
            || keys.clone(),
            |keys| ring.destroy(&[(subject, Some(Category(1)))], keys).expect("destroyed"),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, messages, realms);
criterion_main!(benches);

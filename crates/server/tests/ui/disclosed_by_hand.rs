//! A disclosure without the vault.
use tacebo_vault::Disclosed;

fn main() {
    let _ = Disclosed { value: 1, receipts: std::sync::Arc::new([]) };
    let _ = Disclosed::new(1, &[], Vec::new());
}

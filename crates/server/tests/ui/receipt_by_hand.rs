//! A receipt that the log did not give.
use tacebo_vault::ledger::Receipt;

fn forge(mut receipt: Receipt) -> Receipt {
    receipt.index = 0;
    receipt
}

fn main() {}

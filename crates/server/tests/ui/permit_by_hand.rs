//! A permit that policy did not give.
use tacebo_vault::policy::Permit;

fn forge(mut permit: Permit) -> Permit {
    permit.until = None;
    permit
}

fn main() {}

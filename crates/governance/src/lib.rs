//! The institution's privacy work: notices, break-glass reviews, who saw whom, patients' rights.

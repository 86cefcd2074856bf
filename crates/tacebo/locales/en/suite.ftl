suite-international = international algorithms: AES-256-GCM, SHA-2, HMAC; checkpoints signed with Ed25519
suite-shangmi = commercial cryptography of China (商用密码): SM4-GCM, SM3, HMAC-SM3; checkpoints signed with SM2 and Ed25519
# $suite (String)
# $name (String)
suite-line = Suite: { $suite } ({ $name })
# $suite (String)
# $name (String)
suite-chosen = Suite: { $suite } ({ $name }). It never changes for this institution.
# $dir (String)
# $found (String)
# $asked (String)
suite-fixed = The institution in { $dir } was founded in the suite { $found } and keeps it: it cannot be changed to { $asked }. Remove the setting, or found another institution in an empty folder.

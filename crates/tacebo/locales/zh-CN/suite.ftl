suite-international = 国际算法：AES-256-GCM、SHA-2、HMAC；检查点以 Ed25519 签名
suite-shangmi = 商用密码：SM4-GCM、SM3、HMAC-SM3；检查点以 SM2 与 Ed25519 双重签名
suite-line = 算法套件：{ $suite }（{ $name }）
suite-chosen = 算法套件：{ $suite }（{ $name }）。本机构的套件此后不可更改。
suite-fixed = { $dir } 中的机构创建时选定的算法套件为 { $found }，不可改为 { $asked }。请删除该设置，或在空目录中另行创建机构。

keys-file = 根密钥保存在口令保护的文件中:{ $at }
keys-pkcs11 = 根密钥保存在 PKCS#11 密码模块中:{ $at }
keys-transit = 根密钥保存在密钥服务中:{ $at }
keys-epoch-in-use = 根密钥第 { $epoch } 代,使用中,密钥指纹 { $key }
keys-epoch-left = 根密钥第 { $epoch } 代,已停用,密钥指纹 { $key }
keys-worth = 它声明密钥已销毁时:{ $worth }
keys-unfinished = 上一次更换没有完成:旧的根密钥仍在。运行中的程序会自行继续；若程序未运行，请执行：tacebo keys turn
keys-turn-in-console = 程序正在运行：请由安全管理员在“根密钥”页面更换，或先停止程序
worth-module = 硬件模块销毁了唯一的副本。模块若有备份,备份也须一并销毁。
worth-tpm = TPM 从自身存储中清除了密钥。
worth-service = 密钥服务已删除该密钥。该服务的备份可能仍含有它,能解封这些备份的人可以取得。
worth-software = 该模块自称为软件,已从其文件中删除密钥。留有这些文件副本并知道 PIN 的人仍然持有密钥。
worth-file = 文件已重写,不再含有该密钥。留有旧文件副本并知道口令的人,或持有足够恢复份额的人,仍然持有该密钥:请勿把该文件放入备份,并销毁旧的份额。
keys-in-use = 根密钥第 { $epoch } 代已启用,所有密钥均由它包裹。
keys-destroyed = 根密钥第 { $epoch } 代已销毁,密钥指纹 { $key },已记入日志。其含义:{ $worth }
keys-found-gone = 根密钥第 { $epoch } 代已由先前中断的操作销毁,密钥指纹 { $key };现已记入日志,没有回执。
keys-finished = 本次完成了先前中断的更换。如需再换新的根密钥,请再次执行。
keys-make-shares = 先前制作的恢复份额属于旧的根密钥:不能打开现在的数据,但仍能打开更换之前的数据副本。请销毁旧份额并重新制作:tacebo keys recovery make
keys-moved = 新的保管方已生效。再次启动程序之前,请把 { $file } 中的 [custody] 写入配置文件。
keys-passphrase-changed = 根密钥文件已改用新口令,新口令在 { $file }。旧文件的副本仍可用旧口令打开。
share-head =
    医缄恢复份额 · { $institution }
    共 { $shares } 份。根密钥第 { $epoch } 代使用期间,任意 { $need } 份合在一起,再加上本机构的数据或当时的副本,即可打开本机构保存的一切。
    请密封保存,与其他份额和数据分开存放,不得单独交给任何人。
    使用方法:把下面各行录入文本文件,执行  tacebo keys recovery restore 文件 文件 …
shares-made = 请逐份打印,分别交给不同的人,然后删除这些文件。任意 { $need } 份即可恢复根密钥。下一次更换根密钥后,这些份额只能打开更换之前的数据副本,届时请销毁并重新制作。
shares-restored = 根密钥第 { $epoch } 代已恢复,保存在 { $file }。
shares-open-the-house = 数据可以用它打开。
keys-module-wraps = 密码模块或密钥服务以 AES-256-GCM 加密各时期的机构密钥，与其下数据所用套件（{ $suite }）无关。

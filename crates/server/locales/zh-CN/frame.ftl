skip-to-content = 跳到正文
sample-hospital = 示例数据
theme-switch = 切换浅色、深色或跟随系统
navigation = 导航
log-out = 退出登录
emergency-running = 紧急访问进行中：
emergency-until = 至 { $time } 自动结束
emergency-minutes-left = 还剩 # 分钟
emergency-everything-logged = 您打开的每一项都会留痕并复核。
emergency-end-now = 立即结束
waiting-count = { $n } 项待办
receipt-line = 本次查看已记入日志：
list-comma = 、
optional = 选填
pages = 列表翻页
page-earlier = 上一页
page-later = 下一页
page-of = 第 { $from }–{ $to } 条，共 { $total } 条
page-range = 第 { $from }–{ $to } 条
none = 无
yes = 是
not-yet = 尚未
never = 从未登录
past = 既往
you = 您本人
show = 查看
save = 保存
cancel = 取消
copy = 复制
print = 打印
go-on = 继续
look-closer = 查看详情
see-all = 查看全部
span-under-a-minute = 不到 1 分钟
span-minutes = { $n } 分钟
span-hours-minutes = { $m ->
    [0] { $h } 小时
   *[other] { $h } 小时 { $m } 分
    }
span-days-hours = { $h ->
    [0] { $d } 天
   *[other] { $d } 天 { $h } 小时
    }
span-days = { $n } 天
due-left = 还剩 { $span }
due-over = 已超 { $span }
ago = { $span }前
nav-my-patients = 我的患者
nav-find-patient = 查找患者
nav-counter = 前台
nav-register = 登记建档
nav-privacy-today = 今日待办
nav-reviews = 紧急访问复核
nav-who-saw = 谁看过谁
nav-log = 审计日志
nav-verify = 立即校验
nav-accounts = 账户与角色
nav-system = 系统状态
nav-backups = 备份与恢复
nav-root-keys = 根密钥
nav-my-account = 我的账户
nav-me = 我的信息
nav-seen = 谁看过我的病历
nav-choices = 我的选择
nav-my-record = 我的病历

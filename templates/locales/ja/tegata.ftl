# 画面の文言(日本語)。どのメッセージも、ほかの言語と一対一で対応させる。

language-label = 言語

# サインイン
sign-in-title = サインイン
sign-in-for = 「{ $client }」の利用にはサインインが必要です。
sign-in-username = ユーザー名
sign-in-password = パスワード
sign-in-submit = サインイン
sign-in-note = パスワードを入力するのはこの画面だけです。アプリやエージェントに渡ることはありません。
sign-in-failed-title = サインインできませんでした
sign-in-wrong = ユーザー名またはパスワードが違います。もう一度お試しください。
sign-in-slow-down = 試行回数が多すぎます。{ $seconds }秒ほど待ってから、もう一度お試しください。
sign-in-busy = ただいまログインが混み合っています。{ $seconds }秒ほど待ってから、もう一度お試しください。

# 同意画面(通行手形)
consent-title = アクセスの許可
consent-asks-agent = 「{ $client }」があなたの代わりに作業することを許可しますか？
consent-asks-app = 「{ $client }」にアクセスを許可しますか？
consent-lead-agent = 内容を確かめてからお決めください。エージェントは、ここに書かれた範囲の中だけで動きます。
consent-lead-app = 内容を確かめてからお決めください。ここに書かれたこと以外はできません。
consent-pass = 通行手形
consent-who = 依頼元
consent-from = { $host } から
consent-names-itself = この名前は依頼元が自ら名乗ったもので、ここでは誰も確認していません。
consent-listed = 管理者が内容を確かめ、登録したものです。
consent-verified = 管理者が確認済みの { $host } のものです。名前は依頼元が自ら名乗っています。
consent-seen = 以前にも、あなたが許可しています。
consent-new-title = はじめての依頼元です
consent-new = ここでは誰も確認していません。ご自身で始めた操作であり、{ $host } をよく知っていて信頼できる場合に限り、許可してください。
consent-changed-title = 前に許可したときから変わっています
consent-changed-unknown = 変わった点は表示できません。
consent-changed-name = 名前
consent-changed-redirect-uris = 応答の送り先
consent-changed-proof = 本人であることの証明方法
consent-changed-keys = 鍵
consent-changed-scope = 求められる権限
consent-was = 以前: { $value }
consent-is = 現在: { $value }
consent-anybody-title = この端末のどのプログラムでも、この依頼を出せます
consent-anybody = 応答はこの端末上のプログラムに渡りますが、それが「{ $client }」である証明はありません。ご自身で今起動したものでなければ、許可しないでください。
consent-whom = ご本人
consent-where = 行き先
consent-what = できること
consent-reach = 連携サービス
consent-approved-admin = 管理者が承認済みです
consent-approved-user = あなたの許可が必要です
consent-until = 期限
consent-until-withdrawn = 取り消されるまで
consent-offline = あなたの不在時にも使えます
consent-allow = 許可する
consent-refuse = 許可しない
consent-seal = 許可すると、印が押されます。

# ほかの発行者のアカウントとの連携
link-title = アカウントの連携
link-asks = 「{ $issuer }」のアカウントを連携しますか？
link-lead = アプリが、そのアカウントをお持ちの方の代わりにここを使おうとしましたが、ここでのどなたにあたるのかが分かりません。ご本人であれば、ここで連携できます。
link-pass = 連携
link-issuer = 連携先
link-client = 依頼元
link-user = あなたのアカウント
link-service = 利用先
link-means = 連携すると
link-meaning = 「{ $issuer }」にそのアカウントでサインインした人は、連携を解除するまで、連携先が認めるすべてのアプリを通じて、ここであなたとして操作できます。
link-seal = 連携すると、印が押されます。
link-warning-title = ご自身で始めた操作ですか？
link-warning = この画面が、いまご自身で使っているアプリから開いた場合だけ、お進みください。ほかの人からこの画面へのリンクを受け取った場合は、「許可しない」を選んでください。連携すると、その人がここであなたとして操作できるようになります。
link-email = 「{ $issuer }」でのあなたご自身のメールアドレス
link-email-note = アプリが示したアドレスと違う場合は、連携されません。
link-allow = 連携する
link-done-title = 連携しました
link-done = これからは、{ $email } をここであなたとして扱います。アプリに戻って、もう一度お試しください。
link-nothing-title = 連携していません
link-refused = 許可しませんでした。ご自身で始めた操作でない場合は、このサービスの管理者にお知らせください。
link-other-address = アプリが示したアドレスではありません。ほかの人に案内されてここへ来た場合は、その人があなたになりすまそうとしたおそれがあります。このサービスの管理者にお知らせください。入力を間違えた場合は、アプリに戻って、はじめからやり直してください。
links-none = 連携しているアカウントはありません。
links-lead = ここにあるアカウントでサインインした人は、ここであなたとして操作できます。連携を解除すると、アプリは新しい許可を受け取れなくなります。すでに受け取った許可は、期限が来るまで使えます。
links-account = アカウント
links-by = 連携した人
links-by-you = あなた（「{ $client }」のため）
links-by-admin = 管理者
links-unlink = 連携を解除する
links-off = 管理者が停止しています

# サインアウト
sign-out-title = サインアウトしますか？
sign-out-who = { $user } としてサインインしています。
sign-out-client = 「{ $client }」からサインアウトの依頼がありました。
sign-out-submit = サインアウト
signed-out-title = サインアウトしました
signed-out-text = ご利用ありがとうございました。共用のパソコンでは、ブラウザーも閉じてください。
signed-out-back = 元のサイトへ進む

# ホーム
home-title-user = ようこそ、{ $name } さん
home-title = ようこそ
home-user = { $username } としてサインインしています。
home-nobody = サインインはここで一度だけ。あとはパスワードの代わりに、あなたが認めた手形がアプリやエージェントを通します。
home-sign-in = サインイン
home-sign-out = サインアウト
home-links = 連携しているアカウント

# 判定
decision-title = 判定について
decision-name = 判定番号 { $decision }
decision-nothing = 台帳に記録がありません。古すぎるか、別のサーバーのものか、件数だけが数えられたものです。
decision-help = 拒否の回答には必ず番号が付きます。その理由は、関係する方だけにお見せしています。
decision-help-client = 開発者の方: トークンエンドポイントと同じクライアント認証を付けて、このアドレスにPOSTしてください。届いた内容、求められた内容、直すところをお答えします。
decision-help-admin = 管理者の方: サインインしてからこのアドレスを開き直すか、アドレスの末尾の番号を付けて tegata explain を実行してください。
decision-sign-in = サインイン
decision-when = 日時
decision-who = 依頼元
decision-what = 種類
decision-came = 届いた内容
decision-expected = 正しい内容
decision-rule = 規則
decision-change = 直すところ

# エラー: コードごとの見出しと、読む人にできること
error-advice-app = アプリに戻って、はじめからやり直してください。繰り返し表示される場合は、アプリの提供元にお知らせください。
error-advice-wait = データは失われていません。数分後にもう一度お試しください。
error-advice-again = 前の画面に戻って、もう一度お試しください。
error-code = コード
error-reason = 理由
error-request = 受付番号

error-invalid-request = リクエストの内容が正しくありません
error-invalid-client = 登録されていないアプリです
error-unauthorized-client = このアプリには許可されていない操作です
error-access-denied = アクセスが許可されていません
error-unsupported-response-type = アプリの要求形式に対応していません
error-invalid-scope = アプリが求める権限が範囲を超えています
error-invalid-target = アプリの指定した行き先が見つかりません
error-invalid-request-uri = リクエストの期限が切れました
error-login-required = 先にサインインしてください
error-consent-required = あなたの許可が必要です
error-csrf = 画面の有効時間が過ぎました
error-expired = リクエストの期限が切れました
error-not-found = ページが見つかりません
error-slow-down = しばらくお待ちください
error-server-error = システムに問題が発生しました
error-temporarily-unavailable = ただいまご利用いただけません
error-other = 処理を完了できませんでした

# OpenID Connect Core 5.4 と 11 のスコープ
scope-openid = ご本人であることを確認する
scope-profile = 氏名とプロフィールを見る
scope-email = メールアドレスを見る
scope-address = 住所を見る
scope-phone = 電話番号を見る
scope-offline-access = あなたの不在時にも利用を続ける

# 日付
day = { $year }年{ $month }月{ $day }日

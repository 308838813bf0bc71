# What people read, in English. Every message has its twin in the other languages.

language-label = Language

# Sign in
sign-in-title = Sign in
sign-in-for = to continue to { $client }
sign-in-username = User name
sign-in-password = Password
sign-in-submit = Sign in
sign-in-note = Your password stays on this page. No app or agent ever sees it.
sign-in-failed-title = That did not work
sign-in-wrong = The user name and password do not go together. Please try again.
sign-in-slow-down =
    { $seconds ->
        [one] Too many tries. Wait { $seconds } second, then try again.
       *[other] Too many tries. Wait { $seconds } seconds, then try again.
    }
sign-in-busy =
    { $seconds ->
        [one] Many people are signing in just now. Wait { $seconds } second, then try again.
       *[other] Many people are signing in just now. Wait { $seconds } seconds, then try again.
    }

# Consent: the pass
consent-title = Allow access
consent-asks-agent = { $client } asks to act for you
consent-asks-app = { $client } asks for access
consent-lead-agent = Read its pass, then decide. An agent works on its own. It may do what stands here, and nothing else.
consent-lead-app = Read its pass, then decide. It may do what stands here, and nothing else.
consent-pass = Travel pass
consent-who = Who asks
consent-from = from { $host }
consent-names-itself = It chose this name itself: nobody here has checked it.
consent-listed = Your administrator looked at it, and lists it as known.
consent-verified = It belongs to { $host }, which your administrator knows. It chose the name itself.
consent-seen = You have allowed it before.
consent-new-title = You have not allowed this before
consent-new = Nobody here has checked it. Allow it only if you started this yourself, and know and trust { $host }.
consent-changed-title = It has changed since you allowed it
consent-changed-unknown = What is different cannot be shown.
consent-changed-name = Its name
consent-changed-redirect-uris = Where its answers go
consent-changed-proof = How it proves who it is
consent-changed-keys = Its keys
consent-changed-scope = What it may ask for
consent-was = was: { $value }
consent-is = now: { $value }
consent-anybody-title = Any program on this device could ask this
consent-anybody = The answer goes to a program on this device, and nothing proves that it is { $client }. Allow it only if you have just started that program yourself.
consent-whom = For whom
consent-where = Where to
consent-what = It may
consent-reach = Onward to
consent-approved-admin = Approved by your administrator
consent-approved-user = Yours to decide: Allow includes it
consent-until = Until
consent-until-withdrawn = It is taken back
consent-offline = Also while you are away
consent-allow = Allow
consent-refuse = Refuse
consent-seal = Allow puts the seal on.

# Linking an account of another issuer
link-title = Link an account
link-asks = Link your account at { $issuer }?
link-lead = An app is acting for somebody who has an account there, but we do not know who that is here. If it is you, you can link the two accounts.
link-pass = Link
link-issuer = Account at
link-client = Asked by
link-user = Your account
link-service = Service
link-means = It means
link-meaning = Whoever signs in at { $issuer } with that account can act as you here, through every app that it vouches for, until you unlink it.
link-seal = Link puts the seal on.
link-warning-title = Did you begin this yourself?
link-warning = Go on only if an app that you are using yourself opened this page a moment ago. If somebody sent you a link to it, choose Refuse. Otherwise they could act as you here.
link-email = Your own e-mail address at { $issuer }
link-email-note = If it is not the one that the app came for, nothing is linked.
link-allow = Link
link-done-title = Your account is linked
link-done = From now on { $email } stands for you here. Go back to your app and try again.
link-nothing-title = Nothing was linked
link-refused = You refused. If you did not begin this yourself, tell the people who run this service.
link-other-address = This is not the address that the app came for. If somebody else sent you here, they may have wanted to act as you: tell the people who run this service. If you mistyped it, go back to your app and start again.
links-none = No account of yours elsewhere is linked here.
links-lead = Whoever signs in with one of these accounts can act as you here. After you unlink one, apps get nothing new through it; what they already have works until it runs out.
links-account = Account
links-by = Linked
links-by-you = By you, for { $client }
links-by-admin = By your administrator
links-unlink = Unlink
links-off = Switched off by your administrator

# Sign out
sign-out-title = Sign out?
sign-out-who = You are signed in as { $user }.
sign-out-client = { $client } asks to sign you out here.
sign-out-submit = Sign out
signed-out-title = You are signed out
signed-out-text = Until next time. On a shared computer, close the browser too.
signed-out-back = Continue

# Home
home-title-user = Welcome, { $name }
home-title = Welcome
home-user = You are signed in as { $username }.
home-nobody = Sign in once here. After that, apps and agents need a pass from you, never your password.
home-sign-in = Sign in
home-sign-out = Sign out
home-links = Linked accounts

# Decisions
decision-title = About a decision
decision-name = Decision { $decision }
decision-nothing = The ledger has nothing of it: it is too old, of another server, or one of many that were only counted.
decision-help = Every refusal has a number. What lies behind it is shown to those whom it concerns, and to nobody else.
decision-help-client = Developers: ask this address by POST with the credentials of your client, as you would at the token endpoint. The answer says what came, what was expected, and what to change.
decision-help-admin = Administrators: sign in here and open this address again, or run tegata explain with the number at its end.
decision-sign-in = Sign in
decision-when = When
decision-who = Who
decision-what = What
decision-came = Came
decision-expected = Expected
decision-rule = Rule
decision-change = To change

# Errors: a heading for each code, and what the reader can do
error-advice-app = Go back to the app and start again. If this happens again, tell the people who run it.
error-advice-wait = Nothing is lost. Please try again in a few minutes.
error-advice-again = Go back and start again.
error-code = Code
error-reason = Reason
error-request = Request

error-invalid-request = Something in this request is wrong
error-invalid-client = This app is not known here
error-unauthorized-client = This app may not ask for that
error-access-denied = This is not allowed
error-unsupported-response-type = This app asks in a way we do not know
error-invalid-scope = This app asks for too much
error-invalid-target = This app asks for a place we do not know
error-invalid-request-uri = This request has run out
error-login-required = Please sign in first
error-consent-required = This needs your word first
error-csrf = This page was open too long
error-expired = This request has run out
error-not-found = There is nothing here
error-slow-down = One moment, please
error-server-error = Something went wrong on our side
error-temporarily-unavailable = We are not ready just now
error-other = This did not work

# The scopes of OpenID Connect Core 5.4 and 11
scope-openid = Know that it is you
scope-profile = See your name and your profile
scope-email = See your e-mail address
scope-address = See your postal address
scope-phone = See your phone number
scope-offline-access = Keep working while you are away

# A day
day =
    { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }

"""Signing in with Google, Kakao, Naver and any OpenID Connect provider: the protocol, up to who somebody is there.

What account that is, `accounts.SocialAccounts` decides; `http.routes` glues both to the browser.
"""

# SPDX-License-Identifier: Apache-2.0
"""Test kit: throw-away hosts, guests and services for functional tests, benches and the demo."""

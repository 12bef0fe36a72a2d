<?php
/**
 * @package Akismet
 */
/*
Plugin Name: Akismet Anti-Spam
Requires at least: 5.0
Version: 5.0.2
Text Domain: akismet
*/

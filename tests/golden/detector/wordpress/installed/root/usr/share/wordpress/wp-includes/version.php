<?php
/**
 * The version of WordPress, as its releases say it.
 */
$wp_version = '6.1.9';

$wp_db_version = 53496;
